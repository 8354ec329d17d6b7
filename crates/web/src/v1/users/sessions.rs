//! Operations `list_user_sessions`, `end_user_sessions`.

use actix_web::HttpResponse;

use crate::{
    http::{
        call::Authenticated,
        list::ListDto,
        problem::{Answer, no_content},
    },
    v1::me::dto::SessionDto,
};

/// Where a user whom one administers is signed in, newest first
#[utoipa::path(
    get,
    path = super::SESSIONS,
    tag = "Users",
    operation_id = "list_user_sessions",
    params(("id" = uuid::Uuid, Path, description = "The user")),
    responses(
        (status = 200, description = "All of them", body = ListDto<SessionDto>),
        (status = 403, description = "`rank_too_low`, `key_forbidden`"),
    )
)]
pub(crate) async fn list(call: Authenticated) -> Answer {
    call.no_params()?;
    let directory = &call.application.users;
    let sessions = directory.sessions(&call.caller, call.id("user")?).await?;
    let data = sessions
        .into_iter()
        .map(|session| SessionDto::of(session, None));
    Ok(HttpResponse::Ok().json(ListDto::whole(data)))
}

/// End every session of a user whom one administers
#[utoipa::path(
    delete,
    path = super::SESSIONS,
    tag = "Users",
    operation_id = "end_user_sessions",
    params(("id" = uuid::Uuid, Path, description = "The user")),
    responses(
        (status = 204, description = "They are signed out everywhere"),
        (status = 403, description = "`rank_too_low`, `key_forbidden`"),
    )
)]
pub(crate) async fn end(call: Authenticated) -> Answer {
    call.no_params()?;
    let directory = &call.application.users;
    directory
        .end_sessions(&call.confirmed()?, call.id("user")?)
        .await?;
    no_content()
}
