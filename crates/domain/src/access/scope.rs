//! The proofs: what an actor may read, and that he may write somewhere.

use uuid::Uuid;

use super::{Actor, Denial};
use crate::{
    id::{OrganizationId, UserId},
    owner::{AccessLevel, Owner},
    user::Role,
};

/// What somebody may read, as a set of owners. Made only by an [`Actor`].
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
    /// Nobody's: reads no tenant row at all. For what happens before anybody is known.
    #[must_use]
    pub const fn nobody() -> Self {
        Self {
            user: None,
            owners: Vec::new(),
            every_organization: false,
            administers: Vec::new(),
            super_admin: false,
            break_glass: None,
        }
    }

    /// Who asks.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        self.user
    }

    /// The owners whose rows may be read, beside [`Self::every_organization`].
    #[must_use]
    pub fn owners(&self) -> &[Owner] {
        &self.owners
    }

    /// Whether the rows of every organization may be read (a super_admin's scope).
    #[must_use]
    pub const fn every_organization(&self) -> bool {
        self.every_organization
    }

    /// Organizations whose rows he may change and whose audit log he may read.
    #[must_use]
    pub fn administers(&self) -> &[OrganizationId] {
        &self.administers
    }

    /// Whether the actor is a super_admin, for the database's own policies.
    #[must_use]
    pub const fn super_admin(&self) -> bool {
        self.super_admin
    }

    /// The one personal row of somebody else that may be read, after the audit
    /// log was told.
    #[must_use]
    pub const fn break_glass(&self) -> Option<Uuid> {
        self.break_glass
    }

    /// Whether rows of `owner` may be read.
    #[must_use]
    pub fn contains(&self, owner: Owner) -> bool {
        self.owners.contains(&owner)
            || (self.every_organization && matches!(owner, Owner::Organization(_)))
    }
}

/// That somebody may make rows that belong to `owner`, or write a row of his.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    owner: Owner,
    by: UserId,
}

impl Grant {
    /// Whose the row is or will be.
    #[must_use]
    pub const fn owner(self) -> Owner {
        self.owner
    }

    /// By whom.
    #[must_use]
    pub const fn by(self) -> UserId {
        self.by
    }
}

impl Actor {
    /// Everything he may read.
    #[must_use]
    pub fn scope(&self) -> Scope {
        let organizations = self.organizations();
        let mut owners = vec![Owner::Person(self.user())];
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

    /// The part of his scope that a list's filter names.
    ///
    /// # Errors
    /// `Forbidden("outside_scope")` for an organization that is not his, whether
    /// it exists or not.
    pub fn narrowed(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
    ) -> Result<Scope, Denial> {
        let mut scope = self.scope();
        if let Some(organization) = organization {
            if !self.sees_organization(organization) {
                return Err(Denial::Forbidden("outside_scope"));
            }
            scope.owners = vec![Owner::Organization(organization)];
            scope.every_organization = false;
        }
        if let Some(level) = level {
            scope.owners.retain(|owner| owner.level() == level);
            scope.every_organization &= level == AccessLevel::Organization;
        }
        Ok(scope)
    }

    /// Break-glass: his scope and one personal row of somebody else. Only for a
    /// super_admin's GET of its id, and only after the audit log was told.
    ///
    /// # Errors
    /// `NotFound` for everyone else.
    pub fn scope_with_break_glass(&self, row: Uuid) -> Result<Scope, Denial> {
        if self.role() != Role::SuperAdmin {
            return Err(Denial::NotFound);
        }
        Ok(Scope {
            break_glass: Some(row),
            ..self.scope()
        })
    }

    /// That he may make a row at this level.
    ///
    /// Without a level it is the default: personal for a user, his organization's
    /// for a member or administrator, personal again for a super_admin, so that
    /// publishing to everyone is always said.
    ///
    /// # Errors
    /// `Forbidden`: `level_forbidden`, or `outside_scope` for an organization
    /// that is not his; `Unprocessable("organization_mismatch")` where level and
    /// organization contradict each other.
    pub fn create(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
    ) -> Result<Grant, Denial> {
        let level = level.unwrap_or(match (organization, self.organization(), self.role()) {
            (Some(_), _, _) => AccessLevel::Organization,
            (None, Some(_), role) if role != Role::SuperAdmin => AccessLevel::Organization,
            _ => AccessLevel::Personal,
        });
        if level != AccessLevel::Organization && organization.is_some() {
            return Err(Denial::Unprocessable("organization_mismatch"));
        }
        let owner = match level {
            AccessLevel::Personal => Owner::Person(self.user()),
            AccessLevel::System if self.role() == Role::SuperAdmin => Owner::System,
            AccessLevel::System => return Err(Denial::Forbidden("level_forbidden")),
            AccessLevel::Organization => match organization.or(self.organization()) {
                None if self.role() == Role::SuperAdmin => {
                    return Err(Denial::Unprocessable("organization_required"));
                }
                None => return Err(Denial::Forbidden("level_forbidden")),
                Some(id) if self.sees_organization(id) => Owner::Organization(id),
                Some(_) => return Err(Denial::Forbidden("outside_scope")),
            },
        };
        Ok(Grant {
            owner,
            by: self.user(),
        })
    }

    /// That he may change or delete a row.
    ///
    /// # Errors
    /// `NotFound` where he cannot read it, else `Forbidden("not_writable")`.
    pub fn write(&self, owner: Owner, creator: UserId) -> Result<Grant, Denial> {
        let allowed = match owner {
            Owner::Person(id) => id == self.user(),
            Owner::System => self.role() == Role::SuperAdmin,
            Owner::Organization(id) => {
                self.administers(id) || (creator == self.user() && self.sees_organization(id))
            }
        };
        if allowed {
            return Ok(Grant {
                owner,
                by: self.user(),
            });
        }
        // A super_admin reaches personal rows by break-glass, so their existence is no secret to him.
        if self.scope().contains(owner) || self.role() == Role::SuperAdmin {
            Err(Denial::Forbidden("not_writable"))
        } else {
            Err(Denial::NotFound)
        }
    }
}
