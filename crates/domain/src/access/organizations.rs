//! Organizations: who sees, changes, makes and deletes them.

use super::{
    Actor, Admission, Contradiction, Denial, Forbidden, Inconsistency, KeyScope,
    OrganizationCreation, OrganizationGrant, OrganizationRemoval,
};
use crate::{id::OrganizationId, organization::JoinPolicy, user::Role};

/// What is changed of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrganizationChange {
    /// Name, domain, description and the like.
    Profile,
    /// The token by which users join.
    JoinToken,
    /// The addresses that may join.
    AllowedEmails,
    /// Whether its members can work.
    IsActive,
    /// How many members it may have.
    MaxUsers,
    /// Whether its members are spared everyone's rows.
    HideSystemData,
    /// Whether its members must show a second factor.
    RequireSecondFactor,
    /// Whether the second factors that they enrol have to be approved.
    SecondFactorApproval,
    /// The root it belongs to.
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

    /// The lowest role that may.
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

/// What a join token opens, as it stands for one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// The organization behind it.
    pub organization: OrganizationId,
    /// Whom it lets in.
    pub policy: JoinPolicy,
    /// Whether the organization is active.
    pub is_active: bool,
    /// Whether the user's e-mail address is listed.
    pub is_listed: bool,
}

/// The organizations that a user may see listed. Made only by an [`Actor`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organizations {
    ids: Vec<OrganizationId>,
    every: bool,
}

impl Organizations {
    /// Which, beside [`Self::every`].
    #[must_use]
    pub fn ids(&self) -> &[OrganizationId] {
        &self.ids
    }

    /// Whether all there are (a super_admin's).
    #[must_use]
    pub const fn every(&self) -> bool {
        self.every
    }

    /// Whether this one is among them.
    #[must_use]
    pub fn contains(&self, id: OrganizationId) -> bool {
        self.every || self.ids.contains(&id)
    }
}

impl Actor {
    /// The organizations that the actor may list: S(u). A filter may name their parent.
    ///
    /// # Errors
    /// `Forbidden::RoleForbidden` for a user, who belongs to none;
    /// `Forbidden::OutsideScope` for a parent that is not theirs.
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

    /// That the actor may see an organization. A child's members do not see its root.
    ///
    /// # Errors
    /// `NotFound` where it is not in S(u).
    pub fn read_organization(&self, id: OrganizationId) -> Result<(), Denial> {
        self.find_organization(id)?;
        self.require_key_scope(KeyScope::Read)
    }

    /// That they may see what only an organization's administrators do: its figures, its
    /// invitations, the addresses that may join.
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

    /// That the actor may change this of an organization. No API key does: whatever it changed
    /// would outlive it.
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

    /// That the actor may delete an organization: a tenant_admin the children of their
    /// root, a super_admin any.
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

    /// That the actor may make an organization: a child of `parent` as its root's
    /// tenant_admin, a root as super_admin. Whether the parent that a super_admin
    /// names is a root is [`fits_as_parent`]'s to say.
    ///
    /// # Errors
    /// `Forbidden`: `key_forbidden` for an API key, `role_forbidden`, `outside_scope` for a
    /// parent that is not theirs; `Inconsistency::NotARoot` for a child of theirs as parent.
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

    /// That the actor may join an organization whose token they hold: a user with the role
    /// `user`, themselves. A door that is not open to anyone does not exist.
    ///
    /// # Errors
    /// In this order: `Forbidden::KeyForbidden`; `Contradiction::AlreadyMember`;
    /// `Forbidden::RoleForbidden` for a super_admin; `NotFound`;
    /// `Forbidden::EmailNotAllowed`.
    pub fn join_organization(&self, door: Option<&Door>) -> Result<Admission, Denial> {
        self.require_user()?;
        match self.role() {
            Role::User => {}
            Role::SuperAdmin => return Err(Denial::Forbidden(Forbidden::RoleForbidden)),
            _ => return Err(Denial::Conflict(Contradiction::AlreadyMember)),
        }
        let door = door
            .filter(|door| door.is_active && door.policy != JoinPolicy::Closed)
            .ok_or(Denial::NotFound)?;
        if door.policy == JoinPolicy::AllowedEmails && !door.is_listed {
            return Err(Denial::Forbidden(Forbidden::EmailNotAllowed));
        }
        Ok(Admission {
            user: self.user(),
            organization: door.organization,
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

/// Tenants are one level deep: a parent is a root, and who has children gets none.
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
