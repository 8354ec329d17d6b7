//! `PUT /users/{id}/role`

use super::dto::{NewRole, UserDto};
use crate::{
    body::Body,
    call::Call,
    etag::{self, if_match},
    problem::Answer,
};

/// Give somebody a role, or leave; his sessions end
#[utoipa::path(
    put,
    path = "/api/v1/users/{id}/role",
    tag = "Users",
    operation_id = "set_user_role",
    params(
        ("id" = uuid::Uuid, Path, description = "The person"),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with"),
    ),
    request_body = NewRole,
    responses(
        (status = 200, description = "The person as he is now", body = UserDto),
        (status = 401, description = "`step_up_required`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 403, description = "`rank_too_low`, `role_not_assignable`, `outside_scope`, `key_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`last_super_admin`, `organization_full`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 412, description = "`stale`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn set_role(call: Call, body: Body<NewRole>) -> Answer {
    call.no_params()?;
    let version = if_match(&call.request)?;
    let command = body.read().await?.value.command(version);
    let people = &call.application.people;
    let person = people
        .set_role(&call.confirmed()?, call.id("user")?, &command)
        .await?;
    etag::changed(person.user.row_version, &UserDto::from(person))
}
