//! Operation `logout`.

use super::session;
use crate::http::{
    call::Authenticated,
    problem::{Answer, no_content},
};

/// Sign out: the session's tokens become invalid at once
#[utoipa::path(
    post,
    path = super::LOGOUT,
    tag = "Auth",
    operation_id = "logout",
    responses((status = 204, description = "Signed out"))
)]
pub(crate) async fn logout(call: Authenticated) -> Answer {
    call.application.auth.logout(&call.caller).await?;
    let mut response = no_content()?;
    session::forget(&mut response, &call.request)?;
    Ok(response)
}
