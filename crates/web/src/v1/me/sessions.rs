//! Operations `list_my_sessions`, `end_my_other_sessions`, `end_my_session`.

use accunode_domain::id::SessionId;
use actix_web::HttpResponse;

use super::dto::SessionDto;
use crate::http::{
    call::Authenticated,
    list::ListDto,
    problem::{Answer, no_content},
};

/// Where one is signed in, newest first
#[utoipa::path(
    get,
    path = super::SESSIONS,
    tag = "Account",
    operation_id = "list_my_sessions",
    responses(
        (status = 200, description = "All of them", body = ListDto<SessionDto>),
        (status = 403, description = "`key_forbidden`"),
    )
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    call.no_params()?;
    let sessions = call.application.auth.sessions(&call.caller).await?;
    let data = sessions
        .into_iter()
        .map(|session| SessionDto::of(session, call.caller.session));
    Ok(HttpResponse::Ok().json(ListDto::whole(data)))
}

/// Sign out everywhere else
#[utoipa::path(
    delete,
    path = super::SESSIONS,
    tag = "Account",
    operation_id = "end_my_other_sessions",
    responses(
        (status = 204, description = "Only the present session is left"),
        (status = 403, description = "`key_forbidden`"),
    )
)]
pub(crate) async fn end_others(call: Authenticated) -> Answer {
    call.no_params()?;
    let auth = &call.application.auth;
    auth.end_other_sessions(&call.confirmed()?).await?;
    no_content()
}

/// Sign out in one place
#[utoipa::path(
    delete,
    path = super::SESSION,
    tag = "Account",
    operation_id = "end_my_session",
    params(("id" = uuid::Uuid, Path, description = "The session")),
    responses(
        (status = 204, description = "Its tokens are dead"),
        (status = 403, description = "`key_forbidden`"),
    )
)]
pub(crate) async fn end(call: Authenticated) -> Answer {
    call.no_params()?;
    let auth = &call.application.auth;
    let id: SessionId = call.id("session")?;
    if call.caller.session == Some(id) {
        auth.logout(&call.caller).await?;
    } else {
        auth.end_session(&call.confirmed()?, id).await?;
    }
    no_content()
}
