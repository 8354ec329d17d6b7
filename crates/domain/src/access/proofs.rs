//! What an [`Actor`](super::Actor) may write beside rows of owners, as values that nothing but
//! the rules makes. A repository takes one with each write, so that a write of an organization,
//! a user, a key or a join token that has not asked the rules does not compile.

use super::{Assignment, OrganizationChange, Removal};
use crate::id::{OrganizationId, UserId};

/// That a user may change an organization in one way.
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

    /// What may be changed of it.
    #[must_use]
    pub const fn change(&self) -> OrganizationChange {
        self.change
    }

    /// Who changes it.
    #[must_use]
    pub const fn by(&self) -> UserId {
        self.by
    }
}

/// That a user may make an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrganizationCreation {
    pub(super) parent: Option<OrganizationId>,
}

impl OrganizationCreation {
    /// The root that it belongs to; `None` for a root.
    #[must_use]
    pub const fn parent(&self) -> Option<OrganizationId> {
        self.parent
    }
}

/// That a user may delete an organization.
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

/// That a user may become a member of an organization by its join token.
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

/// That a user may change a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserGrant {
    pub(super) user: UserId,
    pub(super) administers: bool,
    pub(super) by: UserId,
}

impl UserGrant {
    /// The user.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Whether more than names may be changed: whether the user is active, and their second
    /// factor.
    #[must_use]
    pub const fn administers(&self) -> bool {
        self.administers
    }

    /// Who changes them.
    #[must_use]
    pub const fn by(&self) -> UserId {
        self.by
    }
}

/// That a user may be given a role.
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

/// That a user may be removed.
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

    /// From their organization, or for good.
    #[must_use]
    pub const fn removal(&self) -> Removal {
        self.removal
    }
}

/// That a user may make or rotate keys of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyGrant {
    pub(super) owner: UserId,
}

impl KeyGrant {
    /// The user.
    #[must_use]
    pub const fn owner(&self) -> UserId {
        self.owner
    }
}

/// That a user may end keys of one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRemoval {
    pub(super) owner: UserId,
}

impl KeyRemoval {
    /// The user whose keys they are.
    #[must_use]
    pub const fn owner(&self) -> UserId {
        self.owner
    }
}
