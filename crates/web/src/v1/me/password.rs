//! `POST /me/password`

use actix_web::HttpResponse;

use super::dto::PasswordChange;
use crate::{body::Body, call::Call, problem::Answer};

/// Change one's password; other sessions end
#[utoipa::path(
    post,
    path = "/api/v1/me/password",
    tag = "Account",
    operation_id = "change_password",
    request_body = PasswordChange,
    responses(
        (status = 204, description = "Changed"),
        (status = 401, description = "`wrong_password`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 403, description = "`key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 422, description = "`weak_password`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(call: Call, body: Body<PasswordChange>) -> Answer {
    call.no_params()?;
    let PasswordChange {
        current_password,
        new_password,
    } = body.read().await?.value;
    let accounts = &call.application.accounts;
    accounts
        .change_password(&call.caller, &current_password, &new_password)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
