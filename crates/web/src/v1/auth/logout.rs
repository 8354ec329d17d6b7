//! `POST /auth/logout`

use actix_web::HttpResponse;

use crate::{call::Call, problem::Answer};

/// Sign out: the session's tokens are dead at once
#[utoipa::path(
    post,
    path = "/api/v1/auth/logout",
    tag = "Auth",
    operation_id = "logout",
    responses((status = 204, description = "Signed out"))
)]
pub(crate) async fn logout(call: Call) -> Answer {
    call.application.accounts.logout(&call.caller).await?;
    Ok(HttpResponse::NoContent().finish())
}
