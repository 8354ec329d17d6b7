//! Organizations and tenants.

mod create;
mod get;
mod joining;
mod list;
mod remove;
mod update;

use std::sync::Arc;

use accunode_domain::{
    access::Denial, fault::Fault, id::OrganizationId, organization::Organization,
};

pub use create::CreateOrganization;
pub use joining::JoinToken;
pub use list::ListOrganizations;
pub use update::{OrganizationSettings, UpdateOrganization};

use crate::{Error, Ports};

/// Organizations.
#[derive(Clone, Debug)]
pub struct Organizations {
    pub(crate) ports: Arc<Ports>,
}

impl Organizations {
    /// An organization that the caller was found to see.
    async fn stored(&self, id: OrganizationId) -> Result<Organization, Error> {
        let found = self.ports.store.organizations().find(id).await?;
        found.ok_or_else(|| Error::not_found("organization"))
    }
}

/// What a super_admin is told of a root whose name looks like that of another.
fn looks_like(other: OrganizationId) -> Error {
    Error::Conflict {
        code: "name_taken",
        detail: "another root organization has this name, or one that looks like it".to_owned(),
        existing: Some(other.0),
    }
}

/// What a denial means here: what contradicts itself is the parent that was named.
fn refused(denial: Denial) -> Error {
    match denial {
        Denial::Unprocessable("not_a_root") => Error::invalid(Fault::new(
            "/parent_id",
            "not_a_root",
            "tenants are one level deep: only a root can be a parent",
        )),
        Denial::Unprocessable("has_children") => Error::invalid(Fault::new(
            "/parent_id",
            "has_children",
            "tenants are one level deep: an organization with children cannot get a parent",
        )),
        other => Error::denied(other, "organization"),
    }
}
