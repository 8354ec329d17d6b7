//! Bulk uploads. They are read like every row; what is done to them follows the
//! rows they make.

use super::{Actor, Denial, Grant, KeyScope};
use crate::{
    id::{OrganizationId, UserId},
    owner::{AccessLevel, Owner},
};

impl Actor {
    /// That the actor may send an upload whose rows get this level.
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

    /// That the actor may cancel, retry or delete an upload: its creator while the
    /// organization is theirs, its administrators, a super_admin where it is not personal.
    ///
    /// # Errors
    /// `NotFound` where the actor cannot read it, else `Forbidden::NotWritable`.
    pub fn control_upload(&self, owner: Owner, creator: UserId) -> Result<Grant, Denial> {
        self.read(owner)?;
        self.require_key_scope(KeyScope::Upload)?;
        self.change(owner, creator)
    }
}
