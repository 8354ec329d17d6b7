//! Operation `change_password`.

use super::dto::PasswordChange;
use crate::http::{
    body::Body,
    call::Authenticated,
    problem::{Answer, no_content},
};

/// Change one's password; other sessions end
#[utoipa::path(
    post,
    path = super::PASSWORD,
    tag = "Account",
    operation_id = "change_password",
    request_body = PasswordChange,
    responses(
        (status = 204, description = "Changed"),
        (status = 401, description = "`wrong_password`"),
        (status = 403, description = "`key_forbidden`"),
        (status = 422, description = "`weak_password`"),
    )
)]
pub(crate) async fn change(call: Authenticated, body: Body<PasswordChange>) -> Answer {
    call.no_params()?;
    let PasswordChange {
        current_password,
        new_password,
    } = body.read().await?.value;
    let auth = &call.application.auth;
    auth.change_password(&call.caller, &current_password, &new_password)
        .await?;
    no_content()
}
