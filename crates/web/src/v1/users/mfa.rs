//! `DELETE /users/{id}/mfa`

use actix_web::HttpResponse;

use crate::{call::Call, problem::Answer};

/// Take somebody's second factor away, who has lost his device; his sessions end
#[utoipa::path(
    delete,
    path = "/api/v1/users/{id}/mfa",
    tag = "Users",
    operation_id = "remove_user_second_factor",
    params(("id" = uuid::Uuid, Path, description = "The person")),
    responses(
        (status = 204, description = "His password alone is asked for"),
        (status = 401, description = "`step_up_required`, or no access token, or one that is unknown, too old or ended", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 403, description = "`rank_too_low`, `key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(call: Call) -> Answer {
    call.no_params()?;
    let people = &call.application.people;
    people
        .remove_factor(&call.confirmed()?, call.id("user")?)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
