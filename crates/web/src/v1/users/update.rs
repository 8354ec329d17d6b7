//! `PATCH /users/{id}`

use super::dto::{UserChanges, UserDto};
use crate::{
    body::Body,
    call::Call,
    etag::{self, if_match},
    problem::Answer,
};

/// Change somebody's names, or whether he may come in
#[utoipa::path(
    patch,
    path = "/api/v1/users/{id}",
    tag = "Users",
    operation_id = "update_user",
    params(
        ("id" = uuid::Uuid, Path, description = "The person"),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with"),
    ),
    request_body = UserChanges,
    responses(
        (status = 200, description = "The person as he is now", body = UserDto),
        (status = 403, description = "`rank_too_low`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 409, description = "`last_super_admin`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 412, description = "`stale`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn update(call: Call, body: Body<UserChanges>) -> Answer {
    call.no_params()?;
    let version = if_match(&call.request)?;
    let command = body.read().await?.value.command(version, &call)?;
    let people = &call.application.people;
    let person = people
        .update(&call.caller, call.id("user")?, &command)
        .await?;
    etag::changed(person.user.row_version, &UserDto::from(person))
}
