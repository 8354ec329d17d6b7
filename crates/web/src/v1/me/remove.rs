//! Operation `delete_account`.

use crate::http::{
    call::Authenticated,
    etag::Precondition,
    problem::{Answer, no_content},
};
use crate::v1::auth::session;

/// End one's account: personal rows go, shared ones stay, and who one was is forgotten
#[utoipa::path(
    delete,
    path = super::ONE,
    tag = "Account",
    operation_id = "delete_account",
    responses(
        (status = 204, description = "Done; this cannot be undone"),
        (status = 403, description = "`key_forbidden`"),
        (status = 409, description = "`last_super_admin`"),
    )
)]
pub(crate) async fn remove(call: Authenticated) -> Answer {
    call.no_params()?;
    let precondition = Precondition::of(&call.request);
    let directory = &call.application.users;
    let removed = directory
        .forget_me(&call.confirmed()?, precondition.version())
        .await;
    precondition.apply(removed)?;
    let mut response = no_content()?;
    session::forget(&mut response, &call.request)?;
    Ok(response)
}
