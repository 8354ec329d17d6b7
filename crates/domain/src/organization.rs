//! Organizations and tenants. A tenant is a root organization and its children.

use crate::{Timestamp, id::OrganizationId};

/// An organization as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// At most 200 characters, not unique.
    pub name: String,
    /// Its e-mail domain, lower-cased, unique.
    pub domain: Option<String>,
    /// The root it belongs to; `None` for a root. Depth is exactly one.
    pub parent: Option<OrganizationId>,
    /// Members of an inactive organization can do nothing but leave.
    pub is_active: bool,
    /// Whether its members are spared everyone's rows.
    pub hide_system_data: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What the access rules need to know of a person's organization.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Membership {
    /// The organization.
    pub organization: OrganizationId,
    /// Its root, where it is a child.
    pub parent: Option<OrganizationId>,
    /// Its children, where it is a root.
    pub children: Vec<OrganizationId>,
    /// Whether it is active.
    pub is_active: bool,
    /// Whether everyone's rows are hidden from its members.
    pub hide_system_data: bool,
}
