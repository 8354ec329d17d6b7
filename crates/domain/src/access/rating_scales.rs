//! Master scales and definitions of default: read like rows, made by those who may act for their
//! owner.

use super::{Actor, Denial, Forbidden, Grant, Reading};
use crate::{
    id::OrganizationId,
    owner::{AccessLevel, Owner},
};

impl Actor {
    /// Returns proof that the actor may make a scale of an owner: a user for themselves, an
    /// administrator for an organization, a super_admin for everyone.
    ///
    /// # Errors
    /// Those of [`Self::create`]; `Forbidden::RoleForbidden` for an organization that the
    /// actor does not administer.
    pub fn create_scale(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
    ) -> Result<Grant, Denial> {
        self.create_as_administrator(level, organization)
    }

    /// Returns proof that the actor may make a definition of default of an owner: as for scales.
    ///
    /// # Errors
    /// Those of [`Self::create_scale`].
    pub fn create_definition(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
    ) -> Result<Grant, Denial> {
        self.create_as_administrator(level, organization)
    }

    /// Returns proof that the actor may retire a definition of default of an owner: those who may
    /// make one, for rows that they read as anyone does.
    ///
    /// # Errors
    /// `NotFound` for a definition that they cannot read; `Forbidden::RoleForbidden`.
    pub fn retire_definition(&self, owner: Owner) -> Result<Grant, Denial> {
        let forbidden = Denial::Forbidden(Forbidden::RoleForbidden);
        match self.read(owner)? {
            Reading::Open => self
                .create_definition(Some(owner.level()), owner.organization())
                .map_err(|_| forbidden),
            Reading::BreakGlass => Err(forbidden),
        }
    }

    /// Returns proof for an object that concerns its owner as a whole: that of an
    /// organization is made by an administrator.
    pub(super) fn create_as_administrator(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
    ) -> Result<Grant, Denial> {
        let grant = self.create(level, organization)?;
        match grant.owner() {
            Owner::Organization(id) if !self.administers(id) => {
                Err(Denial::Forbidden(Forbidden::RoleForbidden))
            }
            _ => Ok(grant),
        }
    }
}
