//! The installation, and what everyone may use.

use super::{Actor, Denial, KeyScope};
use crate::user::Role;

impl Actor {
    /// That he may look at and operate the installation (`/admin`).
    ///
    /// # Errors
    /// `Forbidden("role_forbidden")` for everyone but a super_admin.
    pub fn operate_installation(&self) -> Result<(), Denial> {
        self.require_key_scope(KeyScope::Admin)?;
        if self.role() == Role::SuperAdmin {
            Ok(())
        } else {
            Err(Denial::Forbidden("role_forbidden"))
        }
    }

    /// That he may use the models without storing anything: score, look at the
    /// inventory, fetch templates. Everyone may whose organization is active.
    ///
    /// # Errors
    /// `Forbidden("organization_inactive")`.
    pub fn use_models(&self) -> Result<(), Denial> {
        self.require_key_scope(KeyScope::Score)?;
        self.require_active_organization()
    }
}
