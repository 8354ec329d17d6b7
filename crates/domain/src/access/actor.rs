//! The actor: the caller as the access rules see them.

use serde::{Deserialize, Serialize};

use super::{Denial, Forbidden, keys::KeyLimits};
use crate::{
    id::{OrganizationId, UserId},
    organization::Membership,
    user::{Email, Role, User},
};

/// The caller of a request, with everything that the access rules need to know about them.
/// Computed at sign-in and again whenever users or organizations change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    user: UserId,
    email: Email,
    role: Role,
    membership: Option<Membership>,
    /// The limits of the API key; `None` for a user who signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<KeyLimits>,
}

impl Actor {
    /// Creates the actor for a stored user and what is known of their organization.
    ///
    /// A tenant_admin whose organization is not a root acts as org_admin. A user without an
    /// organization acts as `user`, whatever their role is, unless they are a super_admin.
    ///
    /// # Errors
    /// `Forbidden::Inactive` for a user who is not active (I6). Without an actor the caller
    /// is answered as with bad credentials, 401.
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

    /// Returns the same user with fewer rights: at most `role`, in `membership`.
    pub(super) fn reduced(self, role: Role, membership: Membership) -> Self {
        Self {
            role: self.role.min(role),
            membership: Some(membership),
            ..self
        }
    }

    /// The user's id.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// The user's e-mail address, for the audit log.
    #[must_use]
    pub const fn email(&self) -> &Email {
        &self.email
    }

    /// The effective role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The organization of the actor, if they have one.
    #[must_use]
    pub fn organization(&self) -> Option<OrganizationId> {
        self.membership.as_ref().map(|m| m.organization)
    }

    /// The actor's organization and its state, if they have one.
    #[must_use]
    pub const fn membership(&self) -> Option<&Membership> {
        self.membership.as_ref()
    }

    /// Checks I6: members of an inactive organization may only read their own data and
    /// leave.
    ///
    /// # Errors
    /// `Forbidden::OrganizationInactive`.
    pub fn require_active_organization(&self) -> Result<(), Denial> {
        match &self.membership {
            Some(m) if !m.is_active => Err(Denial::Forbidden(Forbidden::OrganizationInactive)),
            _ => Ok(()),
        }
    }

    /// Checks that the actor presented a second factor if their organization requires one.
    /// A program has no device, so for an API key `shown` is whether its owner has a second
    /// factor that counts: a key that was made before the organization required one is
    /// refused until its owner has enrolled one.
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

    /// Returns whether this actor, who is `former` computed anew, has lost none of the rights that
    /// `former` had: a response that began with those may go on.
    #[must_use]
    pub fn has_rights_of(&self, former: &Self) -> bool {
        let is_still_member = match (&self.membership, &former.membership) {
            (Some(now), Some(before)) => now.has_rights_of(before),
            (now, before) => now.is_none() && before.is_none(),
        };
        is_still_member
            && self.user == former.user
            && self.role >= former.role
            && self.key == former.key
    }

    /// Returns S(u): nothing for a user, their own organization for a member or org_admin,
    /// root and children for a tenant_admin. It does not describe a super_admin, who may see
    /// every organization.
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

    /// Returns whether `organization` is in S(u).
    #[must_use]
    pub fn sees_organization(&self, organization: OrganizationId) -> bool {
        self.role == Role::SuperAdmin || self.organizations().contains(&organization)
    }

    /// Returns whether the actor administers `organization`.
    #[must_use]
    pub fn administers(&self, organization: OrganizationId) -> bool {
        self.role >= Role::OrgAdmin && self.sees_organization(organization)
    }

    /// Returns whether system rows are hidden from the actor. They are never hidden from a
    /// super_admin.
    #[must_use]
    pub fn hides_system_data(&self) -> bool {
        self.membership.as_ref().is_some_and(|m| m.hide_system_data)
    }
}

/// Returns the effective role for a stored role and, where there is an organization, its
/// parent.
pub(super) fn effective_role(stored: Role, organization: Option<Option<OrganizationId>>) -> Role {
    match (stored, organization) {
        (Role::SuperAdmin, _) => Role::SuperAdmin,
        (_, None) => Role::User,
        (Role::TenantAdmin, Some(Some(_))) => Role::OrgAdmin,
        (role, Some(_)) => role,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{Timestamp, access::KeyScope, user::Profile};

    fn id(n: u128) -> OrganizationId {
        OrganizationId(Uuid::from_u128(n))
    }

    fn actor(role: Role, membership: Option<Membership>) -> Actor {
        let user = User {
            id: UserId(Uuid::from_u128(1)),
            email: Email::from_stored("a@example.com".to_owned()),
            role,
            organization: membership.as_ref().map(|m| m.organization),
            profile: Profile::default(),
            is_verified: true,
            is_active: true,
            last_login: None,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            row_version: 1,
        };
        Actor::new(&user, membership).unwrap()
    }

    fn root() -> Membership {
        Membership {
            organization: id(7),
            parent: None,
            children: vec![id(8)],
            is_active: true,
            hide_system_data: false,
            require_second_factor: false,
        }
    }

    #[test]
    fn actor_that_lost_nothing_has_the_rights_it_had() {
        let before = actor(Role::OrgAdmin, Some(root()));
        let wider = Membership {
            children: vec![id(9), id(8)],
            ..root()
        };
        let restricted = Membership {
            is_active: false,
            hide_system_data: true,
            ..root()
        };
        let same = [
            (before.clone(), before.clone()),
            (actor(Role::OrgAdmin, Some(wider)), before.clone()),
            (actor(Role::TenantAdmin, Some(root())), before.clone()),
            (actor(Role::User, None), actor(Role::User, None)),
            (
                before.clone(),
                actor(Role::OrgAdmin, Some(restricted.clone())),
            ),
            (
                actor(Role::OrgAdmin, Some(restricted.clone())),
                actor(Role::OrgAdmin, Some(restricted)),
            ),
        ];
        for (now, before) in &same {
            assert!(now.has_rights_of(before), "{now:?} before {before:?}");
        }
    }

    #[test]
    fn actor_that_lost_a_right_does_not_have_those_it_had() {
        let before = actor(Role::OrgAdmin, Some(root()));
        let member = |change: fn(&mut Membership)| {
            let mut membership = root();
            change(&mut membership);
            actor(Role::OrgAdmin, Some(membership))
        };
        let mut other_user = before.clone();
        other_user.user = UserId(Uuid::from_u128(2));
        let limited = |scopes: &[KeyScope]| before.clone().limited_to(scopes, None).unwrap();
        let lost = [
            actor(Role::OrgMember, Some(root())),
            actor(Role::User, None),
            member(|m| m.organization = id(10)),
            member(|m| m.parent = Some(id(10))),
            member(|m| m.is_active = false),
            member(|m| m.hide_system_data = true),
            member(|m| m.children.clear()),
            limited(&[KeyScope::Read]),
            other_user,
        ];
        for now in &lost {
            assert!(!now.has_rights_of(&before), "{now:?}");
        }
        assert!(!before.has_rights_of(&actor(Role::User, None)));
        let key = limited(&[KeyScope::Read, KeyScope::Score]);
        assert!(!limited(&[KeyScope::Read]).has_rights_of(&key));
    }
}
