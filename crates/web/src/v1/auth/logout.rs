//! Operation `logout`.

use crate::http::{
    call::Authenticated,
    problem::{Answer, no_content},
};

/// Sign out: the session's tokens are dead at once
#[utoipa::path(
    post,
    path = super::LOGOUT,
    tag = "Auth",
    operation_id = "logout",
    responses((status = 204, description = "Signed out"))
)]
pub(crate) async fn logout(call: Authenticated) -> Answer {
    call.application.accounts.logout(&call.caller).await?;
    no_content()
}
