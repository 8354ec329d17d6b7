//! `GET`, `DELETE /users/{id}/sessions`

use actix_web::HttpResponse;

use crate::{call::Call, page::ListDto, problem::Answer, v1::me::dto::SessionDto};

/// Where somebody whom one administers is signed in, newest first
#[utoipa::path(
    get,
    path = "/api/v1/users/{id}/sessions",
    tag = "Users",
    operation_id = "list_user_sessions",
    params(("id" = uuid::Uuid, Path, description = "The person")),
    responses(
        (status = 200, description = "All of them", body = ListDto<SessionDto>),
        (status = 403, description = "`rank_too_low`, `key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(call: Call) -> Answer {
    call.no_params()?;
    let people = &call.application.people;
    let sessions = people.sessions(&call.caller, call.id("user")?).await?;
    let data = sessions
        .into_iter()
        .map(|session| SessionDto::of(session, None));
    Ok(HttpResponse::Ok().json(ListDto {
        data: data.collect(),
        next_cursor: None,
        has_more: false,
    }))
}

/// End every session of somebody whom one administers
#[utoipa::path(
    delete,
    path = "/api/v1/users/{id}/sessions",
    tag = "Users",
    operation_id = "end_user_sessions",
    params(("id" = uuid::Uuid, Path, description = "The person")),
    responses(
        (status = 204, description = "He is signed out everywhere"),
        (status = 403, description = "`rank_too_low`, `key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn end(call: Call) -> Answer {
    call.no_params()?;
    let people = &call.application.people;
    people
        .end_sessions(&call.confirmed()?, call.id("user")?)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
