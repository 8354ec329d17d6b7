//! Proofs of what an [`Actor`](super::Actor) may write besides rows of owners. Only the access
//! rules create these values. A repository requires one for each write, so that a write of an
//! organization, a user, a key or a join token does not compile unless the rules were asked.

use super::{Assignment, OrganizationChange, Removal};
use crate::id::{OrganizationId, UserId};

/// Proof that a user may change an organization in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrganizationGrant {
    pub(super) organization: OrganizationId,
    pub(super) change: OrganizationChange,
    pub(super) by: UserId,
}

impl OrganizationGrant {
    /// The organization.
    #[must_use]
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// What may be changed.
    #[must_use]
    pub const fn change(&self) -> OrganizationChange {
        self.change
    }

    /// The user who changes it.
    #[must_use]
    pub const fn by(&self) -> UserId {
        self.by
    }
}

/// Proof that a user may create an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrganizationCreation {
    pub(super) parent: Option<OrganizationId>,
}

impl OrganizationCreation {
    /// The root that it will belong to; `None` for a root.
    #[must_use]
    pub const fn parent(&self) -> Option<OrganizationId> {
        self.parent
    }
}

/// Proof that a user may delete an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrganizationRemoval {
    pub(super) organization: OrganizationId,
}

impl OrganizationRemoval {
    /// The organization.
    #[must_use]
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }
}

/// Proof that a user may become a member of an organization by its join token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    pub(super) user: UserId,
    pub(super) organization: OrganizationId,
}

impl Admission {
    /// The user.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// The organization.
    #[must_use]
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }
}

/// Proof that a user may change a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserGrant {
    pub(super) user: UserId,
    pub(super) administers: bool,
    pub(super) by: UserId,
}

impl UserGrant {
    /// The user who may be changed.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Returns whether more than names may be changed: whether the user is active, and their
    /// second factor.
    #[must_use]
    pub const fn administers(&self) -> bool {
        self.administers
    }

    /// The user who makes the change.
    #[must_use]
    pub const fn by(&self) -> UserId {
        self.by
    }
}

/// Proof that a user may be given a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleGrant {
    pub(super) user: UserId,
    pub(super) assignment: Assignment,
}

impl RoleGrant {
    /// The user.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }
}

impl std::ops::Deref for RoleGrant {
    type Target = Assignment;

    fn deref(&self) -> &Assignment {
        &self.assignment
    }
}

/// Proof that a user may be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserRemoval {
    pub(super) user: UserId,
    pub(super) removal: Removal,
}

impl UserRemoval {
    /// The user.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Whether the user is removed from their organization or for good.
    #[must_use]
    pub const fn removal(&self) -> Removal {
        self.removal
    }
}

/// Proof that a user may create or rotate keys of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyGrant {
    pub(super) owner: UserId,
}

impl KeyGrant {
    /// The owner of the keys.
    #[must_use]
    pub const fn owner(&self) -> UserId {
        self.owner
    }
}

/// Proof that a user may end the keys of one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRemoval {
    pub(super) owner: UserId,
}

impl KeyRemoval {
    /// The owner of the keys.
    #[must_use]
    pub const fn owner(&self) -> UserId {
        self.owner
    }
}
