//! `GET`, `DELETE /me/sessions`, `DELETE /me/sessions/{id}`

use accunode_domain::id::SessionId;
use actix_web::HttpResponse;

use super::dto::SessionDto;
use crate::{call::Call, page::ListDto, problem::Answer};

/// Where one is signed in, newest first
#[utoipa::path(
    get,
    path = "/api/v1/me/sessions",
    tag = "Account",
    operation_id = "list_my_sessions",
    responses(
        (status = 200, description = "All of them", body = ListDto<SessionDto>),
        (status = 403, description = "`key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(call: Call) -> Answer {
    call.no_params()?;
    let sessions = call.application.accounts.sessions(&call.caller).await?;
    let data = sessions
        .into_iter()
        .map(|session| SessionDto::of(session, call.caller.session));
    Ok(HttpResponse::Ok().json(ListDto {
        data: data.collect(),
        next_cursor: None,
        has_more: false,
    }))
}

/// Sign out everywhere else
#[utoipa::path(
    delete,
    path = "/api/v1/me/sessions",
    tag = "Account",
    operation_id = "end_my_other_sessions",
    responses(
        (status = 204, description = "Only the present session is left"),
        (status = 403, description = "`key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn end_others(call: Call) -> Answer {
    call.no_params()?;
    let accounts = &call.application.accounts;
    accounts.end_other_sessions(&call.confirmed()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Sign out in one place
#[utoipa::path(
    delete,
    path = "/api/v1/me/sessions/{id}",
    tag = "Account",
    operation_id = "end_my_session",
    params(("id" = uuid::Uuid, Path, description = "The session")),
    responses(
        (status = 204, description = "Its tokens are dead"),
        (status = 403, description = "`key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn end(call: Call) -> Answer {
    call.no_params()?;
    let accounts = &call.application.accounts;
    let id: SessionId = call.id("session")?;
    if call.caller.session == Some(id) {
        accounts.logout(&call.caller).await?;
    } else {
        accounts.end_session(&call.confirmed()?, id).await?;
    }
    Ok(HttpResponse::NoContent().finish())
}
