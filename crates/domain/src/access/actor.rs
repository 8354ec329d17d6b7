//! The user who asks.

use serde::{Deserialize, Serialize};

use super::{Denial, Forbidden, keys::KeyLimits};
use crate::{
    id::{OrganizationId, UserId},
    organization::Membership,
    user::{Email, Role, User},
};

/// The user who asks, with everything the rules need to know of them. Worked out
/// when they sign in and again whenever users or organizations change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    user: UserId,
    email: Email,
    role: Role,
    membership: Option<Membership>,
    /// Set where the actor is not here themselves but by one of their API keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<KeyLimits>,
}

impl Actor {
    /// The actor for a stored user and what is known of their organization.
    ///
    /// A tenant_admin whose organization is not a root acts as org_admin; who
    /// has no organization, whatever their role says, acts as `user`, unless they are
    /// a super_admin.
    ///
    /// # Errors
    /// `Forbidden::Inactive` for a user who is not active (I6). There is no actor
    /// then, so the answer is the one for bad credentials, 401.
    pub fn new(user: &User, membership: Option<Membership>) -> Result<Self, Denial> {
        if !user.is_active {
            return Err(Denial::Forbidden(Forbidden::Inactive));
        }
        let membership = membership.filter(|m| user.organization == Some(m.organization));
        let role = effective_role(user.role, membership.as_ref().map(|m| m.parent));
        let membership = membership.filter(|_| role.needs_organization());
        Ok(Self {
            user: user.id,
            email: user.email.clone(),
            role,
            membership,
            key: None,
        })
    }

    /// The same user, but with less: at most `role`, in `membership`.
    pub(super) fn reduced(self, role: Role, membership: Membership) -> Self {
        Self {
            role: self.role.min(role),
            membership: Some(membership),
            ..self
        }
    }

    /// Their id.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Their e-mail address, for the audit log.
    #[must_use]
    pub const fn email(&self) -> &Email {
        &self.email
    }

    /// The role that counts.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Their organization, where the actor has one.
    #[must_use]
    pub fn organization(&self) -> Option<OrganizationId> {
        self.membership.as_ref().map(|m| m.organization)
    }

    /// What is known of their organization.
    #[must_use]
    pub const fn membership(&self) -> Option<&Membership> {
        self.membership.as_ref()
    }

    /// I6: members of an inactive organization may only look at themselves and leave.
    ///
    /// # Errors
    /// `Forbidden::OrganizationInactive`.
    pub fn require_active_organization(&self) -> Result<(), Denial> {
        match &self.membership {
            Some(m) if !m.is_active => Err(Denial::Forbidden(Forbidden::OrganizationInactive)),
            _ => Ok(()),
        }
    }

    /// That they showed a second factor, where their organization asks its members for one.
    /// A program has no device. For an API key `shown` says whether its owner has a second
    /// factor that counts: a key that was made before the organization asked for one stops
    /// until its owner has enrolled one.
    ///
    /// # Errors
    /// `Forbidden::SecondFactorRequired`.
    pub fn require_second_factor(&self, shown: bool) -> Result<(), Denial> {
        match &self.membership {
            Some(m) if m.require_second_factor && !shown => {
                Err(Denial::Forbidden(Forbidden::SecondFactorRequired))
            }
            _ => Ok(()),
        }
    }

    /// S(u) of everyone but a super_admin, whose is every organization: none for a
    /// user, their own for a member or org_admin, root and children for a tenant_admin.
    #[must_use]
    pub fn organizations(&self) -> Vec<OrganizationId> {
        let Some(membership) = &self.membership else {
            return Vec::new();
        };
        let mut all = vec![membership.organization];
        if self.role == Role::TenantAdmin {
            all.extend(&membership.children);
        }
        all
    }

    /// Whether `organization` ∈ S(u).
    #[must_use]
    pub fn sees_organization(&self, organization: OrganizationId) -> bool {
        self.role == Role::SuperAdmin || self.organizations().contains(&organization)
    }

    /// Whether the actor administers `organization`.
    #[must_use]
    pub fn administers(&self, organization: OrganizationId) -> bool {
        self.role >= Role::OrgAdmin && self.sees_organization(organization)
    }

    /// Whether everyone's rows are hidden from them. Never from a super_admin.
    #[must_use]
    pub fn hides_system_data(&self) -> bool {
        self.membership.as_ref().is_some_and(|m| m.hide_system_data)
    }
}

/// The role that counts, from the stored one and, where there is an organization,
/// its parent.
pub(super) fn effective_role(stored: Role, organization: Option<Option<OrganizationId>>) -> Role {
    match (stored, organization) {
        (Role::SuperAdmin, _) => Role::SuperAdmin,
        (_, None) => Role::User,
        (Role::TenantAdmin, Some(Some(_))) => Role::OrgAdmin,
        (role, Some(_)) => role,
    }
}
