//! Access to bulk uploads. They are read like every row; changes follow the rules of the
//! rows that they create.

use super::{Actor, Denial, Grant, KeyScope};
use crate::{
    id::{OrganizationId, UserId},
    owner::{AccessLevel, Owner},
};

impl Actor {
    /// Checks that the actor may send an upload whose rows get this level.
    ///
    /// # Errors
    /// Those of [`Self::create`].
    pub fn upload(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
    ) -> Result<Grant, Denial> {
        self.require_key_scope(KeyScope::Upload)?;
        self.place_new(level, organization)
    }

    /// Checks that the actor may cancel, retry or delete an upload. Its creator may while
    /// they are in its organization, so may the organization's administrators, and a
    /// super_admin unless it is personal.
    ///
    /// # Errors
    /// `NotFound` where the actor cannot read it, else `Forbidden::NotWritable`.
    pub fn control_upload(&self, owner: Owner, creator: UserId) -> Result<Grant, Denial> {
        self.read(owner)?;
        self.require_key_scope(KeyScope::Upload)?;
        self.write_unscoped(owner, creator)
    }
}
