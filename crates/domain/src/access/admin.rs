//! Access to the installation, and to what every user may use.

use super::{Actor, Denial, Forbidden, KeyScope};
use crate::user::Role;

impl Actor {
    /// Checks that the actor may read and operate the installation (`/admin`).
    ///
    /// # Errors
    /// `Forbidden::RoleForbidden` for everyone but a super_admin.
    pub fn operate_installation(&self) -> Result<(), Denial> {
        self.require_key_scope(KeyScope::Admin)?;
        if self.role() == Role::SuperAdmin {
            Ok(())
        } else {
            Err(Denial::Forbidden(Forbidden::RoleForbidden))
        }
    }

    /// Checks that the actor may use the models without storing anything: score, read the
    /// inventory, download templates. Every user may whose organization is active.
    ///
    /// # Errors
    /// `Forbidden::OrganizationInactive`.
    pub fn use_models(&self) -> Result<(), Denial> {
        self.require_key_scope(KeyScope::Score)?;
        self.require_active_organization()
    }
}
