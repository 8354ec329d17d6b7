//! `PATCH /me`

use super::dto::ProfileChanges;
use crate::{
    body::Body,
    call::Call,
    etag::{self, if_match},
    problem::Answer,
    v1::auth::dto::MeDto,
};

/// Correct one's names and telephone number
#[utoipa::path(
    patch,
    path = "/api/v1/me",
    tag = "Account",
    operation_id = "update_account",
    params(("If-Match" = Option<String>, Header, description = "The ETag it was read with")),
    request_body = ProfileChanges,
    responses(
        (status = 200, description = "Oneself as one is now", body = MeDto),
        (status = 412, description = "`stale`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn update(call: Call, body: Body<ProfileChanges>) -> Answer {
    call.no_params()?;
    let version = if_match(&call.request)?;
    let changes = body.read().await?.value.command(version);
    let (application, user) = (&call.application, call.caller.actor.user());
    application
        .people
        .update(&call.caller, user, &changes)
        .await?;
    let me = application.accounts.me(user).await?;
    etag::changed(me.user.row_version, &MeDto::from(me))
}
