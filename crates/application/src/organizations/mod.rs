//! Organizations and tenants.

mod create;
mod get;
mod join_tokens;
mod list;
mod remove;
mod update;

use std::sync::Arc;

use accunode_domain::{
    access::{Denial, Inconsistency},
    fault::Fault,
    id::OrganizationId,
    organization::Organization,
};

pub use create::CreateOrganization;
pub use join_tokens::JoinToken;
pub use list::ListOrganizations;
pub use update::{OrganizationSettings, UpdateOrganization};

use crate::{Error, ErrorCode, Ports};

/// Organizations.
#[derive(Clone, Debug)]
pub struct Organizations {
    pub(crate) ports: Arc<Ports>,
}

impl Organizations {
    /// Returns an organization that the caller may see.
    async fn stored(&self, id: OrganizationId) -> Result<Organization, Error> {
        let found = self.ports.store.organizations().find(id).await?;
        found.ok_or_else(|| Error::not_found("organization"))
    }
}

/// The warning for a super_admin about a root whose name looks like that of another.
fn looks_like(other: OrganizationId) -> Error {
    Error::Conflict {
        code: ErrorCode::NameTaken,
        detail: "another root organization has this name, or one that looks like it".to_owned(),
        existing: Some(other.0),
    }
}

/// Maps a denial: a contradiction concerns the named parent.
fn refused(denial: Denial) -> Error {
    match denial {
        Denial::Unprocessable(reason @ Inconsistency::NotARoot) => Error::invalid(Fault::new(
            "/parent_id",
            reason.code(),
            "tenants are one level deep: only a root can be a parent",
        )),
        Denial::Unprocessable(reason @ Inconsistency::HasChildren) => Error::invalid(Fault::new(
            "/parent_id",
            reason.code(),
            "tenants are one level deep: an organization with children cannot get a parent",
        )),
        other => Error::denied(other, "organization"),
    }
}
