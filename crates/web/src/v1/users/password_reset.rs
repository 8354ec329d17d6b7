//! Operation `reset_user_password`.

use actix_web::HttpResponse;

use crate::http::{call::Authenticated, problem::Answer};

/// Send a user whom one administers a mail with which they choose a new password
#[utoipa::path(
    post,
    path = super::PASSWORD_RESET,
    tag = "Users",
    operation_id = "reset_user_password",
    params(("id" = uuid::Uuid, Path, description = "The user")),
    responses(
        (status = 202, description = "A mail is on its way"),
        (status = 403, description = "`rank_too_low`, `key_forbidden`"),
    )
)]
pub(crate) async fn reset(call: Authenticated) -> Answer {
    call.no_params()?;
    let directory = &call.application.users;
    directory
        .reset_password(&call.confirmed()?, call.id("user")?)
        .await?;
    Ok(HttpResponse::Accepted().finish())
}
