//! Removing an organization.

use crate::http::{
    call::Authenticated,
    etag::Precondition,
    problem::{Answer, no_content},
    query::query,
};

query! {
    /// The options for removing an organization.
    pub(crate) struct OrganizationRemovalQuery {
        /// Whether its members and rows may be touched
        force: bool = false,
    }
}

/// Remove an organization; with `force` even if it has members or rows
///
/// Its companies, predictions and uploads are removed with it, its members become `user`s, and its
/// children roots.
#[utoipa::path(
    delete,
    path = super::ONE,
    tag = "Organizations",
    operation_id = "delete_organization",
    params(("id" = uuid::Uuid, Path, description = "The organization"), OrganizationRemovalQuery),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, description = "`role_forbidden`"),
        (status = 409, description = "`organization_not_empty`"),
    )
)]
pub(crate) async fn remove(call: Authenticated) -> Answer {
    let OrganizationRemovalQuery { force } = call.query()?;
    let precondition = Precondition::of(&call.request);
    let organizations = &call.application.organizations;
    let version = precondition.version();
    let removed = organizations
        .remove(&call.confirmed()?, call.id("organization")?, force, version)
        .await;
    precondition.apply(removed)?;
    no_content()
}
