//! Master scales: read as rows are, made by those who speak for their owner.

use super::{Actor, Denial, Forbidden, Grant};
use crate::{
    id::OrganizationId,
    owner::{AccessLevel, Owner},
};

impl Actor {
    /// That they may make a scale of an owner: a user their own, an administrator those of an
    /// organization, a super_admin everyone's.
    ///
    /// # Errors
    /// Those of [`Self::create`]; `Forbidden::RoleForbidden` for an organization that they do
    /// not administer.
    pub fn create_scale(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
    ) -> Result<Grant, Denial> {
        self.create_as_administrator(level, organization)
    }

    /// What speaks for its owner as a whole: of an organization, an administrator makes it.
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
