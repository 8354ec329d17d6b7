//! Operation `update_user`.

use super::dto::{UserChanges, UserDto};
use crate::http::{
    body::Body,
    call::Authenticated,
    etag::{self, Precondition},
    problem::Answer,
};

/// Change a user's names, or whether they may come in
#[utoipa::path(
    patch,
    path = super::ONE,
    tag = "Users",
    operation_id = "update_user",
    params(
        ("id" = uuid::Uuid, Path, description = "The user"),
    ),
    request_body = UserChanges,
    responses(
        (status = 200, description = "The user as they are now", body = UserDto),
        (status = 403, description = "`rank_too_low`"),
        (status = 409, description = "`last_super_admin`"),
    )
)]
pub(crate) async fn update(call: Authenticated, body: Body<UserChanges>) -> Answer {
    call.no_params()?;
    let precondition = Precondition::of(&call.request);
    let command = body
        .read()
        .await?
        .value
        .command(precondition.version(), &call)?;
    let directory = &call.application.users;
    let updated = directory
        .update(&call.caller, call.id("user")?, &command)
        .await;
    let changed = precondition.apply(updated)?;
    etag::changed(changed.user.row_version, &UserDto::from(changed))
}
