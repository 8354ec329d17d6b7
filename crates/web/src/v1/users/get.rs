//! Operation `get_user`.

use super::dto::UserDto;
use crate::http::{call::Authenticated, etag, problem::Answer};

/// One user in full: the caller, or a user whom the caller administers
#[utoipa::path(
    get,
    path = super::ONE,
    tag = "Users",
    operation_id = "get_user",
    params(("id" = uuid::Uuid, Path, description = "The user")),
    responses(
        (status = 200, description = "The user", body = UserDto),
        (status = 403, description = "`role_forbidden`"),
    )
)]
pub(crate) async fn get(call: Authenticated) -> Answer {
    call.no_params()?;
    let directory = &call.application.users;
    let view = directory.get(&call.caller, call.id("user")?).await?;
    let version = view.user.row_version;
    etag::object(&call.request, version, &UserDto::from(view))
}
