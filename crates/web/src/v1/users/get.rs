//! `GET /users/{id}`

use super::dto::UserDto;
use crate::{call::Call, etag, problem::Answer};

/// One person in full: oneself, or somebody whom one administers
#[utoipa::path(
    get,
    path = "/api/v1/users/{id}",
    tag = "Users",
    operation_id = "get_user",
    params(("id" = uuid::Uuid, Path, description = "The person")),
    responses(
        (status = 200, description = "The person", body = UserDto),
        (status = 403, description = "`role_forbidden`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`", body = crate::problem::ProblemDto, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(call: Call) -> Answer {
    call.no_params()?;
    let people = &call.application.people;
    let person = people.get(&call.caller, call.id("user")?).await?;
    let version = person.user.row_version;
    etag::object(&call.request, version, &UserDto::from(person))
}
