//! API keys: their owner's effective role, cut down to the key's scopes.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};

use super::{Actor, Denial, Forbidden, KeyGrant, KeyRemoval, Subject};
use crate::{
    fault::text_enum,
    id::{OrganizationId, UserId},
    organization::Membership,
    user::{Role, User},
};

/// What an API key may do. A scope only restricts; none gives more than its owner's role.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum KeyScope {
    /// Read companies, predictions, uploads and dashboards.
    Read,
    /// Score without storing, and read the models.
    Score,
    /// Create, change and delete companies and predictions; includes `Read`.
    Write,
    /// Send, cancel, retry and delete bulk uploads; includes `Read`.
    Upload,
    /// Read the audit log.
    Audit,
    /// Read what only administrators may: users, invitations, allowed addresses, figures.
    Admin,
}

impl KeyScope {
    /// Returns whether a key with this scope may do what `other` allows.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        self as u8 == other as u8
            || matches!(
                (self, other),
                (Self::Write | Self::Upload, Self::Read) | (Self::Write, Self::Score)
            )
    }
}

text_enum!(KeyScope);

/// How far a key restricts its owner's rights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyLimits {
    scopes: Vec<KeyScope>,
    bound: bool,
}

/// Which API keys a user may list. Made only by an [`Actor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyDirectory(Keys);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keys {
    Of(UserId),
    In(OrganizationId),
}

impl KeyDirectory {
    /// The user who owns the listed keys, if the directory is of one user.
    #[must_use]
    pub const fn owner(&self) -> Option<UserId> {
        match self.0 {
            Keys::Of(owner) => Some(owner),
            Keys::In(_) => None,
        }
    }

    /// The organization whose members own the listed keys, or to which the keys are bound.
    #[must_use]
    pub const fn organization(&self) -> Option<OrganizationId> {
        match self.0 {
            Keys::Of(_) => None,
            Keys::In(organization) => Some(organization),
        }
    }
}

impl Actor {
    /// Returns the actor for one of this user's API keys. It must be computed at every request
    /// from the owner's current actor, so that a demotion takes effect at once.
    ///
    /// A key that is bound to an organization acts there as org_admin at most: it can access the
    /// rows of that organization and of the system, but neither its owner's personal rows, nor the
    /// tenant, nor the installation.
    ///
    /// # Errors
    /// `Forbidden::OutsideScope` if the organization is no longer one of its owner's.
    pub fn limited_to(
        mut self,
        scopes: &[KeyScope],
        organization: Option<OrganizationId>,
    ) -> Result<Self, Denial> {
        let scopes = scopes
            .iter()
            .copied()
            .filter(|scope| self.permits(*scope))
            .collect();
        let bound = organization.is_some() || self.is_bound();
        if let Some(organization) = organization {
            self.names_organization(organization)?;
            let own = self.membership();
            let membership = Membership {
                organization,
                parent: match own {
                    Some(own) if own.organization == organization => own.parent,
                    own => own.map(|m| m.organization),
                },
                children: Vec::new(),
                is_active: own.is_none_or(|m| m.is_active),
                hide_system_data: self.hides_system_data(),
                require_second_factor: own.is_some_and(|m| m.require_second_factor),
            };
            self = self.reduced(Role::OrgAdmin, membership);
        }
        self.key = Some(KeyLimits { scopes, bound });
        Ok(self)
    }

    /// Returns the actor for the user as they are stored now, under the same API key, if any.
    ///
    /// # Errors
    /// As [`Self::new`] and [`Self::limited_to`].
    pub fn renewed(&self, user: &User, membership: Option<Membership>) -> Result<Self, Denial> {
        let fresh = Self::new(user, membership)?;
        let Some(key) = &self.key else {
            return Ok(fresh);
        };
        let bound_to = self.organization().filter(|_| key.bound);
        fresh.limited_to(&key.scopes, bound_to)
    }

    /// Returns whether the actor uses an API key.
    #[must_use]
    pub const fn is_key(&self) -> bool {
        self.key.is_some()
    }

    /// Checks that the actor may do what only the user themselves may: create keys, invite users,
    /// start and end sessions, change their password, leave their organization.
    ///
    /// # Errors
    /// `Forbidden::KeyForbidden` for an API key.
    pub fn require_user(&self) -> Result<(), Denial> {
        if self.is_key() {
            Err(Denial::Forbidden(Forbidden::KeyForbidden))
        } else {
            Ok(())
        }
    }

    /// Checks that the actor may create, or rotate, a key of their own with these scopes, bound to
    /// `organization`.
    ///
    /// # Errors
    /// `Forbidden`: `key_forbidden`; `scope_exceeds_role` for [`KeyScope::Admin`]
    /// where the actor administers nothing; `outside_scope`.
    pub fn create_key(
        &self,
        scopes: &[KeyScope],
        organization: Option<OrganizationId>,
    ) -> Result<KeyGrant, Denial> {
        self.require_user()?;
        if scopes.contains(&KeyScope::Admin) && self.role() < Role::OrgAdmin {
            return Err(Denial::Forbidden(Forbidden::ScopeExceedsRole));
        }
        organization.map_or(Ok(()), |id| self.names_organization(id))?;
        Ok(KeyGrant { owner: self.user() })
    }

    /// Returns which keys the actor may list: their own, or those of an organization that they
    /// administer.
    ///
    /// # Errors
    /// `Forbidden`: `key_forbidden`; `role_forbidden` where the actor administers nothing;
    /// `outside_scope`.
    pub fn key_directory(
        &self,
        organization: Option<OrganizationId>,
    ) -> Result<KeyDirectory, Denial> {
        self.require_user()?;
        let Some(organization) = organization else {
            return Ok(KeyDirectory(Keys::Of(self.user())));
        };
        if self.role() < Role::OrgAdmin {
            return Err(Denial::Forbidden(Forbidden::RoleForbidden));
        }
        self.names_organization(organization)?;
        Ok(KeyDirectory(Keys::In(organization)))
    }

    /// Checks that the actor may see a key of `owner` that is bound to `organization`: their own,
    /// those of members of an organization that the actor administers, and those bound to it.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn see_key(
        &self,
        owner: &Subject,
        organization: Option<OrganizationId>,
    ) -> Result<(), Denial> {
        let administers = [owner.organization(), organization]
            .into_iter()
            .flatten()
            .any(|id| self.administers(id));
        if owner.id() == self.user() || self.role() == Role::SuperAdmin || administers {
            Ok(())
        } else {
            Err(Denial::NotFound)
        }
    }

    /// Checks that the actor may end a key of `owner` that is bound to `organization`: their own,
    /// or as an administrator those of users below their rank.
    ///
    /// # Errors
    /// `Forbidden::KeyForbidden` for a key; `NotFound`; `Forbidden::RankTooLow`.
    pub fn end_key(
        &self,
        owner: &Subject,
        organization: Option<OrganizationId>,
    ) -> Result<KeyRemoval, Denial> {
        self.require_user()?;
        self.see_key(owner, organization)?;
        if owner.id() != self.user() {
            self.administer_user(owner)
                .map_err(|_| Denial::Forbidden(Forbidden::RankTooLow))?;
        }
        Ok(KeyRemoval { owner: owner.id() })
    }

    /// Returns whether the actor's API key, if any, allows this scope; a user needs none.
    #[must_use]
    pub(super) fn permits(&self, scope: KeyScope) -> bool {
        self.key
            .as_ref()
            .is_none_or(|key| key.scopes.iter().any(|held| held.covers(scope)))
    }

    /// Returns whether the actor uses an API key that is bound to one organization.
    pub(super) fn is_bound(&self) -> bool {
        self.key.as_ref().is_some_and(|key| key.bound)
    }

    /// Checks that the actor's API key, if any, has a scope that covers this one; a user needs
    /// none.
    ///
    /// # Errors
    /// `Forbidden::KeyScope`.
    pub fn require_key_scope(&self, scope: KeyScope) -> Result<(), Denial> {
        if self.permits(scope) {
            Ok(())
        } else {
            Err(Denial::Forbidden(Forbidden::KeyScope))
        }
    }
}
