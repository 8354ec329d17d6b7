//! Operation `set_user_role`.

use super::dto::{NewRole, UserDto};
use crate::http::{
    body::Body,
    call::Authenticated,
    etag::{self, Precondition},
    problem::Answer,
};

/// Give a user a role, or leave; their sessions end
#[utoipa::path(
    put,
    path = super::ROLE,
    tag = "Users",
    operation_id = "set_user_role",
    params(
        ("id" = uuid::Uuid, Path, description = "The user"),
    ),
    request_body = NewRole,
    responses(
        (status = 200, description = "The user as they are now", body = UserDto),
        (status = 403, description = "`rank_too_low`, `role_not_assignable`, `outside_scope`, `key_forbidden`"),
        (status = 409, description = "`last_super_admin`, `organization_full`"),
    )
)]
pub(crate) async fn set_role(call: Authenticated, body: Body<NewRole>) -> Answer {
    call.no_params()?;
    let precondition = Precondition::of(&call.request);
    let command = body.read().await?.value.command(precondition.version());
    let directory = &call.application.users;
    let updated = directory
        .set_role(&call.confirmed()?, call.id("user")?, &command)
        .await;
    let changed = precondition.apply(updated)?;
    etag::changed(changed.user.row_version, &UserDto::from(changed))
}
