//! Operation `reset_password`.

use super::dto::PasswordReset;
use crate::http::{
    body::Body,
    call::Anonymous,
    problem::{Answer, no_content},
};

/// Choose a new password by the token of a mail; every session ends
#[utoipa::path(
    post,
    path = super::RESET_PASSWORD,
    tag = "Auth",
    operation_id = "reset_password",
    request_body = PasswordReset,
    responses(
        (status = 204, description = "Changed"),
        (status = 410, description = "`token_expired`"),
        (status = 422, description = "`weak_password`"),
    )
)]
pub(crate) async fn reset_password(anonymous: Anonymous, body: Body<PasswordReset>) -> Answer {
    let PasswordReset { token, password } = body.read().await?.value;
    let auth = &anonymous.application.auth;
    auth.reset_password(&token, &password, &anonymous.context)
        .await?;
    no_content()
}
