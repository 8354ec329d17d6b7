//! Removing a user.

use accunode_application::users::Remove;
use accunode_domain::access::Removal;

use crate::http::{
    call::Authenticated,
    etag::Precondition,
    problem::{Answer, no_content},
    query::{Text, query},
};

query! {
    /// The options for removing a user.
    pub(crate) struct UserRemovalQuery {
        /// `anonymize` cannot be undone
        mode: Removal = Removal::RemoveFromOrg,
        /// Why, for the audit log
        reason: Option<Text<500>>,
    }
}

/// Remove a user from their organization, or permanently
///
/// The rows that they created stay.
#[utoipa::path(
    delete,
    path = super::ONE,
    tag = "Users",
    operation_id = "delete_user",
    params(("id" = uuid::Uuid, Path, description = "The user"), UserRemovalQuery),
    responses(
        (status = 204, description = "The user is removed"),
        (status = 403, description = "`rank_too_low`, `role_forbidden`, `key_forbidden`"),
        (status = 409, description = "`not_a_member`, `last_super_admin`"),
    )
)]
pub(crate) async fn remove(call: Authenticated) -> Answer {
    let query: UserRemovalQuery = call.query()?;
    let precondition = Precondition::of(&call.request);
    let command = Remove {
        removal: query.mode,
        reason: query.reason.map(|reason| reason.0),
        if_match: precondition.version(),
    };
    let directory = &call.application.users;
    let removed = directory
        .remove(&call.confirmed()?, call.id("user")?, &command)
        .await;
    precondition.apply(removed)?;
    no_content()
}
