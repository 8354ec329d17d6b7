//! Organizations: who may see, change, create and delete them.

use super::{
    Actor, Admission, Contradiction, Denial, Forbidden, Inconsistency, KeyScope,
    OrganizationCreation, OrganizationGrant, OrganizationRemoval,
};
use crate::{id::OrganizationId, organization::JoinPolicy, user::Role};

/// Which part of an organization is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrganizationChange {
    /// Name, domain, description and the like.
    Profile,
    /// The token with which users join.
    JoinToken,
    /// The addresses that may join.
    AllowedEmails,
    /// Whether its members can work.
    IsActive,
    /// The largest number of members.
    MaxUsers,
    /// Whether system rows are hidden from its members.
    HideSystemData,
    /// Whether its members must have a second factor.
    RequireSecondFactor,
    /// Whether second factors that members enrol must be approved.
    SecondFactorApproval,
    /// The root that it belongs to.
    Parent,
}

impl OrganizationChange {
    /// Every change.
    pub const ALL: [Self; 9] = [
        Self::Profile,
        Self::JoinToken,
        Self::AllowedEmails,
        Self::IsActive,
        Self::MaxUsers,
        Self::HideSystemData,
        Self::RequireSecondFactor,
        Self::SecondFactorApproval,
        Self::Parent,
    ];

    /// Returns the lowest role that may make this change.
    const fn least_role(self) -> Role {
        match self {
            Self::Profile | Self::JoinToken | Self::AllowedEmails => Role::OrgAdmin,
            Self::IsActive
            | Self::MaxUsers
            | Self::HideSystemData
            | Self::RequireSecondFactor
            | Self::SecondFactorApproval => Role::TenantAdmin,
            Self::Parent => Role::SuperAdmin,
        }
    }
}

/// What a join token gives access to, from the point of view of one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinTarget {
    /// The organization of the token.
    pub organization: OrganizationId,
    /// Which users may join.
    pub policy: JoinPolicy,
    /// Whether the organization is active.
    pub is_active: bool,
    /// Whether the user's e-mail address is listed.
    pub is_listed: bool,
}

/// The organizations that a user may list. Made only by an [`Actor`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organizations {
    ids: Vec<OrganizationId>,
    every: bool,
}

impl Organizations {
    /// The organizations, unless [`Self::every`] is true.
    #[must_use]
    pub fn ids(&self) -> &[OrganizationId] {
        &self.ids
    }

    /// Whether every organization is included (for a super_admin).
    #[must_use]
    pub const fn every(&self) -> bool {
        self.every
    }

    /// Returns whether the organization is included.
    #[must_use]
    pub fn contains(&self, id: OrganizationId) -> bool {
        self.every || self.ids.contains(&id)
    }
}

impl Actor {
    /// Returns the organizations that the actor may list: S(u). A filter may name their
    /// parent.
    ///
    /// # Errors
    /// `Forbidden::RoleForbidden` for the role `user`, which belongs to no organization;
    /// `Forbidden::OutsideScope` for a parent that is not in S(u).
    pub fn list_organizations(
        &self,
        parent: Option<OrganizationId>,
    ) -> Result<Organizations, Denial> {
        self.require_key_scope(KeyScope::Read)?;
        if self.role() == Role::User {
            return Err(Denial::Forbidden(Forbidden::RoleForbidden));
        }
        parent.map_or(Ok(()), |parent| self.names_organization(parent))?;
        Ok(Organizations {
            ids: self.organizations(),
            every: self.role() == Role::SuperAdmin,
        })
    }

    /// Checks that the actor may see an organization. Members of a child do not see its root.
    ///
    /// # Errors
    /// `NotFound` if the organization is not in S(u).
    pub fn read_organization(&self, id: OrganizationId) -> Result<(), Denial> {
        self.find_organization(id)?;
        self.require_key_scope(KeyScope::Read)
    }

    /// Checks that the actor may see what only an organization's administrators may: its
    /// figures, its invitations, the addresses that may join.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden`: `key_scope` for an API key without [`KeyScope::Admin`],
    /// `field_forbidden`.
    pub fn inspect_organization(&self, id: OrganizationId) -> Result<(), Denial> {
        self.find_organization(id)?;
        self.require_key_scope(KeyScope::Admin)?;
        if self.administers(id) {
            Ok(())
        } else {
            Err(Denial::Forbidden(Forbidden::FieldForbidden))
        }
    }

    /// Returns proof that the actor may make this change to an organization. No API key may,
    /// because the change would outlive the key.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden`: `key_forbidden` for an API key, `field_forbidden`.
    pub fn change_organization(
        &self,
        id: OrganizationId,
        change: OrganizationChange,
    ) -> Result<OrganizationGrant, Denial> {
        self.find_organization(id)?;
        self.require_user()?;
        if self.role() >= change.least_role() {
            Ok(OrganizationGrant {
                organization: id,
                change,
                by: self.user(),
            })
        } else {
            Err(Denial::Forbidden(Forbidden::FieldForbidden))
        }
    }

    /// Returns proof that the actor may delete an organization: a tenant_admin the children of
    /// their root, a super_admin any.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden`: `key_forbidden` for an API key, `role_forbidden`.
    pub fn delete_organization(&self, id: OrganizationId) -> Result<OrganizationRemoval, Denial> {
        self.find_organization(id)?;
        self.require_user()?;
        match self.role() {
            Role::SuperAdmin => {}
            Role::TenantAdmin if self.organization() != Some(id) => {}
            _ => return Err(Denial::Forbidden(Forbidden::RoleForbidden)),
        }
        Ok(OrganizationRemoval { organization: id })
    }

    /// Returns proof that the actor may create an organization: a child of `parent` as its
    /// root's tenant_admin, a root as super_admin. [`fits_as_parent`] checks whether the
    /// parent that a super_admin names is a root.
    ///
    /// # Errors
    /// `Forbidden`: `key_forbidden` for an API key, `role_forbidden`, `outside_scope` for a
    /// parent that is not theirs; `Inconsistency::NotARoot` if their own child is named as
    /// parent.
    pub fn create_organization(
        &self,
        parent: Option<OrganizationId>,
    ) -> Result<OrganizationCreation, Denial> {
        self.require_user()?;
        match (self.role(), parent) {
            (Role::SuperAdmin, _) => {}
            (Role::TenantAdmin, Some(parent)) => {
                self.names_organization(parent)?;
                fits_as_parent(self.organization() == Some(parent), false)?;
            }
            _ => return Err(Denial::Forbidden(Forbidden::RoleForbidden)),
        }
        Ok(OrganizationCreation { parent })
    }

    /// Returns proof that the actor, a user with the role `user`, may join the organization of
    /// a token that they have. A token that lets no user join is treated as missing.
    ///
    /// # Errors
    /// In this order: `Forbidden::KeyForbidden`; `Contradiction::AlreadyMember`;
    /// `Forbidden::RoleForbidden` for a super_admin; `NotFound`;
    /// `Forbidden::EmailNotAllowed`.
    pub fn join_organization(&self, target: Option<&JoinTarget>) -> Result<Admission, Denial> {
        self.require_user()?;
        match self.role() {
            Role::User => {}
            Role::SuperAdmin => return Err(Denial::Forbidden(Forbidden::RoleForbidden)),
            _ => return Err(Denial::Conflict(Contradiction::AlreadyMember)),
        }
        let target = target
            .filter(|target| target.is_active && target.policy != JoinPolicy::Closed)
            .ok_or(Denial::NotFound)?;
        if target.policy == JoinPolicy::AllowedEmails && !target.is_listed {
            return Err(Denial::Forbidden(Forbidden::EmailNotAllowed));
        }
        Ok(Admission {
            user: self.user(),
            organization: target.organization,
        })
    }

    fn find_organization(&self, id: OrganizationId) -> Result<(), Denial> {
        if self.sees_organization(id) {
            Ok(())
        } else {
            Err(Denial::NotFound)
        }
    }
}

/// Checks that tenants stay one level deep: a parent is a root, and an organization with
/// children gets no parent.
///
/// # Errors
/// `Inconsistency::NotARoot`, `Inconsistency::HasChildren`.
pub fn fits_as_parent(parent_is_root: bool, child_has_children: bool) -> Result<(), Denial> {
    if !parent_is_root {
        Err(Denial::Unprocessable(Inconsistency::NotARoot))
    } else if child_has_children {
        Err(Denial::Unprocessable(Inconsistency::HasChildren))
    } else {
        Ok(())
    }
}
