//! Back-test reports. An administrator requests those of an organization, and another one signs
//! them off (four eyes, whatever the role).

use super::{Actor, Denial, Forbidden, Grant};
use crate::{
    id::{OrganizationId, UserId},
    owner::{AccessLevel, Owner},
    user::Role,
};

/// Proof that a user may sign off a report that someone else made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignOffGrant {
    owner: Owner,
    by: UserId,
}

impl SignOffGrant {
    /// Returns the owner of the report.
    #[must_use]
    pub const fn owner(self) -> Owner {
        self.owner
    }

    /// Returns the user who signs.
    #[must_use]
    pub const fn by(self) -> UserId {
        self.by
    }
}

impl Actor {
    /// Returns proof that the actor may request a back-test of an owner's predictions: a user of
    /// their own, an administrator of those of an organization, a super_admin of everyone's.
    ///
    /// # Errors
    /// Those of [`Self::create`]; `Forbidden::RoleForbidden` for an organization that the actor
    /// does not administer.
    pub fn validate(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
    ) -> Result<Grant, Denial> {
        self.create_as_administrator(level, organization)
    }

    /// Returns proof that the actor may sign off a report that `maker` requested.
    ///
    /// # Errors
    /// `NotFound` if the actor cannot read it; `Forbidden::KeyForbidden` for every API key;
    /// `Forbidden::FourEyes` for its maker, whatever their role; `Forbidden::RoleForbidden` if
    /// the actor does not administer its owner.
    pub fn sign_off(&self, owner: Owner, maker: UserId) -> Result<SignOffGrant, Denial> {
        self.read(owner)?;
        self.require_user()?;
        let by = self.user();
        if by == maker {
            return Err(Denial::Forbidden(Forbidden::FourEyes));
        }
        let administers = match owner {
            Owner::Organization(id) => self.administers(id),
            Owner::System => self.role() == Role::SuperAdmin,
            // Only its maker works with it.
            Owner::User(_) => false,
        };
        if administers {
            Ok(SignOffGrant { owner, by })
        } else {
            Err(Denial::Forbidden(Forbidden::RoleForbidden))
        }
    }
}
