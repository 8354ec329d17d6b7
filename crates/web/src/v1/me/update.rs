//! Operation `update_account`.

use super::dto::ProfileChanges;
use crate::{
    http::{
        body::Body,
        call::Authenticated,
        etag::{self, Precondition},
        problem::Answer,
    },
    v1::auth::dto::MeDto,
};

/// Correct one's names and telephone number
#[utoipa::path(
    patch,
    path = super::ONE,
    tag = "Account",
    operation_id = "update_account",
    request_body = ProfileChanges,
    responses(
        (status = 200, description = "Oneself as one is now", body = MeDto),
    )
)]
pub(crate) async fn update(call: Authenticated, body: Body<ProfileChanges>) -> Answer {
    call.no_params()?;
    let precondition = Precondition::of(&call.request);
    let changes = body.read().await?.value.command(precondition.version());
    let (application, user) = (&call.application, call.caller.actor.user());
    let updated = application.users.update(&call.caller, user, &changes).await;
    precondition.apply(updated)?;
    let me = application.auth.me(user).await?;
    etag::changed(me.user.row_version, &MeDto::from(me))
}
