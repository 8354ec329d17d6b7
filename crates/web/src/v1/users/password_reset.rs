//! `POST /users/{id}/password-reset`

use actix_web::HttpResponse;

use crate::{call::Call, problem::Answer};

/// Send somebody whom one administers a mail with which he chooses a new password
#[utoipa::path(
    post,
    path = "/api/v1/users/{id}/password-reset",
    tag = "Users",
    operation_id = "reset_user_password",
    params(("id" = uuid::Uuid, Path, description = "The person")),
    responses(
        (status = 202, description = "A mail is on its way"),
        (status = 403, description = "`rank_too_low`, `key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn reset(call: Call) -> Answer {
    call.no_params()?;
    let people = &call.application.people;
    people
        .reset_password(&call.confirmed()?, call.id("user")?)
        .await?;
    Ok(HttpResponse::Accepted().finish())
}
