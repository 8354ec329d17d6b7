//! Operation `remove_user_second_factor`.

use crate::http::{
    call::Authenticated,
    problem::{Answer, no_content},
};

/// Remove the second factor of a user who has lost their device; their sessions end
#[utoipa::path(
    delete,
    path = super::SECOND_FACTOR,
    tag = "Users",
    operation_id = "remove_user_second_factor",
    params(("id" = uuid::Uuid, Path, description = "The user")),
    responses(
        (status = 204, description = "Their password alone is asked for"),
        (status = 403, description = "`rank_too_low`, `key_forbidden`"),
    )
)]
pub(crate) async fn remove(call: Authenticated) -> Answer {
    call.no_params()?;
    let directory = &call.application.users;
    directory
        .remove_factor(&call.confirmed()?, call.id("user")?)
        .await?;
    no_content()
}
