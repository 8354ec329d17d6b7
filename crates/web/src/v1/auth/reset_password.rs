//! `POST /auth/password/reset`

use actix_web::HttpResponse;

use super::dto::PasswordReset;
use crate::{body::Body, call::Guest, problem::Answer};

/// Choose a new password by the token of a mail; every session ends
#[utoipa::path(
    post,
    path = "/api/v1/auth/password/reset",
    tag = "Auth",
    operation_id = "reset_password",
    security(()),
    request_body = PasswordReset,
    responses(
        (status = 204, description = "Changed"),
        (status = 410, description = "`token_expired`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 422, description = "`weak_password`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn reset_password(guest: Guest, body: Body<PasswordReset>) -> Answer {
    let PasswordReset { token, password } = body.read().await?.value;
    let accounts = &guest.application.accounts;
    accounts
        .reset_password(&token, &password, &guest.context)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
