//! The proofs of what an actor may read and where they may write.

use uuid::Uuid;

use super::{Actor, Denial, Forbidden, Inconsistency, KeyScope};
use crate::{
    id::{OrganizationId, UserId},
    owner::{AccessLevel, Owner},
    user::Role,
};

/// Proof of what a user may read, as a set of owners. Made by an [`Actor`]; maintenance, which
/// serves no caller, makes one by [`Self::of_monitoring`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    user: Option<UserId>,
    owners: Vec<Owner>,
    every_organization: bool,
    administers: Vec<OrganizationId>,
    super_admin: bool,
    break_glass: Option<Uuid>,
}

impl Scope {
    /// Returns the empty scope, which reads no tenant row. For operations before the caller
    /// is known.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            user: None,
            owners: Vec::new(),
            every_organization: false,
            administers: Vec::new(),
            super_admin: false,
            break_glass: None,
        }
    }

    /// Returns the scope of nightly monitoring, which counts the predictions of one owner. No
    /// request reads by it.
    #[must_use]
    pub fn of_monitoring(owner: Owner) -> Self {
        Self {
            owners: vec![owner],
            ..Self::none()
        }
    }

    /// The caller; `None` for the empty scope.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        self.user
    }

    /// The owners whose rows may be read, in addition to [`Self::every_organization`].
    #[must_use]
    pub fn owners(&self) -> &[Owner] {
        &self.owners
    }

    /// Whether the rows of every organization may be read (a super_admin's scope).
    #[must_use]
    pub const fn every_organization(&self) -> bool {
        self.every_organization
    }

    /// Organizations whose rows the user may change and whose audit log they may read.
    #[must_use]
    pub fn administers(&self) -> &[OrganizationId] {
        &self.administers
    }

    /// Whether the actor is a super_admin, for the database's own policies.
    #[must_use]
    pub const fn super_admin(&self) -> bool {
        self.super_admin
    }

    /// The one personal row of another user that may be read, after the read was written to
    /// the audit log.
    #[must_use]
    pub const fn break_glass(&self) -> Option<Uuid> {
        self.break_glass
    }

    /// Returns whether rows of `owner` may be read.
    #[must_use]
    pub fn contains(&self, owner: Owner) -> bool {
        self.owners.contains(&owner)
            || (self.every_organization && matches!(owner, Owner::Organization(_)))
    }

    /// Returns the part of the scope that consists of `owners`. The result is never larger.
    pub(super) fn only(self, owners: &[Owner]) -> Self {
        let owners = owners
            .iter()
            .copied()
            .filter(|owner| self.contains(*owner))
            .collect();
        Self {
            owners,
            every_organization: false,
            ..self
        }
    }
}

/// Proof that a user may create rows that belong to `owner`, or write a row of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    owner: Owner,
    from: Owner,
    by: UserId,
}

impl Grant {
    /// The owner after the write: the current one, or the one to which access is widened.
    #[must_use]
    pub const fn owner(self) -> Owner {
        self.owner
    }

    /// The current owner. Differs from [`Self::owner`] only when access is widened.
    #[must_use]
    pub const fn from(self) -> Owner {
        self.from
    }

    /// Returns the same grant for a row that currently belongs to `owner`.
    pub(super) const fn raising(self, owner: Owner) -> Self {
        Self {
            from: owner,
            ..self
        }
    }

    /// The user who writes.
    #[must_use]
    pub const fn by(self) -> UserId {
        self.by
    }
}

impl Actor {
    /// Returns everything that the actor may read. An API key without [`KeyScope::Read`]
    /// reads nothing; one that is bound to an organization reads no personal rows.
    #[must_use]
    pub fn scope(&self) -> Scope {
        if !self.permits(KeyScope::Read) {
            return Scope {
                user: Some(self.user()),
                ..Scope::none()
            };
        }
        let organizations = self.organizations();
        let mut owners = Vec::with_capacity(organizations.len() + 2);
        if !self.is_bound() {
            owners.push(Owner::User(self.user()));
        }
        owners.extend(organizations.iter().copied().map(Owner::Organization));
        if !self.hides_system_data() {
            owners.push(Owner::System);
        }
        let is_super = self.role() == Role::SuperAdmin;
        Scope {
            user: Some(self.user()),
            owners,
            every_organization: is_super,
            administers: if self.role() >= Role::OrgAdmin {
                organizations
            } else {
                Vec::new()
            },
            super_admin: is_super,
            break_glass: None,
        }
    }

    /// Returns the part of the actor's scope that a list's filter names.
    ///
    /// # Errors
    /// `Forbidden::OutsideScope` for an organization that is not in S(u), whether it exists
    /// or not.
    pub fn narrowed(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
    ) -> Result<Scope, Denial> {
        let mut scope = self.scope();
        if let Some(organization) = organization {
            self.names_organization(organization)?;
            scope = scope.only(&[Owner::Organization(organization)]);
        }
        if let Some(level) = level {
            scope.owners.retain(|owner| owner.level() == level);
            scope.every_organization &= level == AccessLevel::Organization;
        }
        Ok(scope)
    }

    /// Break-glass: returns the actor's scope and one personal row of another user. Only
    /// for a super_admin's GET of its id, and only after the read was written to the audit
    /// log.
    ///
    /// # Errors
    /// `NotFound` for other roles.
    pub fn scope_with_break_glass(&self, row: Uuid) -> Result<Scope, Denial> {
        let scope = self.scope();
        if !scope.super_admin {
            return Err(Denial::NotFound);
        }
        Ok(Scope {
            break_glass: Some(row),
            ..scope
        })
    }

    /// Returns proof that the actor may create a row at this level.
    ///
    /// Without a level the default applies: personal for a user, the organization's for a
    /// member or administrator, and personal for a super_admin, so that publishing to every
    /// user is always explicit. Naming an organization implies the level `organization`.
    ///
    /// # Errors
    /// In this order: `Forbidden::LevelForbidden`; `Forbidden::OutsideScope`
    /// for an organization that is not in S(u), whether it exists or not;
    /// `Inconsistency::OrganizationMismatch` where level and organization
    /// contradict each other, `Inconsistency::OrganizationRequired` where a
    /// super_admin names none; `Forbidden::KeyForbidden` for an API key that would create a
    /// system row.
    pub fn create(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
    ) -> Result<Grant, Denial> {
        self.require_key_scope(KeyScope::Write)?;
        self.place_new(level, organization)
    }

    /// As [`Self::create_unscoped`], for rows that do not exist yet: system rows are created by a
    /// user, never by an API key alone.
    pub(super) fn place_new(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
    ) -> Result<Grant, Denial> {
        let grant = self.create_unscoped(level, organization)?;
        if grant.owner() == Owner::System {
            self.require_user()?;
        }
        Ok(grant)
    }

    /// As [`Self::create`], without regard to the limits of an API key.
    pub(super) fn create_unscoped(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
    ) -> Result<Grant, Denial> {
        let level = level.unwrap_or_else(|| {
            if organization.is_some() || self.organization().is_some() {
                AccessLevel::Organization
            } else {
                AccessLevel::Personal
            }
        });
        let role_may = match level {
            AccessLevel::Personal => !self.is_bound(),
            AccessLevel::Organization => self.role() != Role::User,
            AccessLevel::System => self.role() == Role::SuperAdmin,
        };
        if !role_may {
            return Err(Denial::Forbidden(Forbidden::LevelForbidden));
        }
        if let Some(organization) = organization {
            self.names_organization(organization)?;
        }
        let owner = match (level, organization) {
            (AccessLevel::Personal, None) => Owner::User(self.user()),
            (AccessLevel::System, None) => Owner::System,
            (AccessLevel::Personal | AccessLevel::System, Some(_)) => {
                return Err(Denial::Unprocessable(Inconsistency::OrganizationMismatch));
            }
            (AccessLevel::Organization, organization) => Owner::Organization(
                organization
                    .or(self.organization())
                    .ok_or(Denial::Unprocessable(Inconsistency::OrganizationRequired))?,
            ),
        };
        Ok(Grant {
            owner,
            from: owner,
            by: self.user(),
        })
    }

    /// Returns proof that the actor may change or delete a row: their own personal row; an
    /// organization's row as its administrator, or as its creator while they are a member;
    /// a system row as super_admin.
    ///
    /// # Errors
    /// `NotFound` if the actor cannot read the row, else `Forbidden::NotWritable`.
    pub fn write(&self, owner: Owner, creator: UserId) -> Result<Grant, Denial> {
        self.read(owner)?;
        self.require_key_scope(KeyScope::Write)?;
        self.write_unscoped(owner, creator)
    }

    /// As [`Self::write`], for a row that is known to be readable and without regard to the
    /// limits of an API key.
    pub(super) fn write_unscoped(&self, owner: Owner, creator: UserId) -> Result<Grant, Denial> {
        let allowed = match owner {
            Owner::User(id) => id == self.user() && !self.is_bound(),
            Owner::System => self.role() == Role::SuperAdmin,
            Owner::Organization(id) => {
                self.administers(id) || (creator == self.user() && self.sees_organization(id))
            }
        };
        if allowed {
            Ok(Grant {
                owner,
                from: owner,
                by: self.user(),
            })
        } else {
            Err(Denial::Forbidden(Forbidden::NotWritable))
        }
    }

    /// Checks that the actor may refer to this organization in a body or a filter.
    pub(super) fn names_organization(&self, organization: OrganizationId) -> Result<(), Denial> {
        if self.sees_organization(organization) {
            Ok(())
        } else {
            Err(Denial::Forbidden(Forbidden::OutsideScope))
        }
    }
}
