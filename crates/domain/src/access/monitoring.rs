//! Monitoring of models. An administrator sees that of an organization's predictions, everyone
//! that of their own, a super_admin that of the system's.

use super::{Actor, Denial, Forbidden, Scope};
use crate::{
    id::OrganizationId,
    owner::{AccessLevel, Owner},
    user::Role,
};

impl Actor {
    /// Returns the one owner whose predictions the actor may monitor, and the scope that reads
    /// them: without a level and an organization those of the organization that the actor
    /// belongs to and administers, else their own.
    ///
    /// # Errors
    /// Those of [`Self::figures_of_one`]; `Forbidden::RoleForbidden` for an organization that
    /// the actor does not administer, and for the system unless the actor is a super_admin.
    pub fn monitor(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
    ) -> Result<(Scope, Owner), Denial> {
        let administers_own = self.organization().is_some_and(|id| self.administers(id));
        let level = match (level, organization) {
            (None, None) if !administers_own => Some(AccessLevel::Personal),
            _ => level,
        };
        let (scope, owner) = self.figures_of_one(level, organization)?;
        let allowed = match owner {
            Owner::Organization(id) => self.administers(id),
            Owner::System => self.role() == Role::SuperAdmin,
            Owner::User(_) => true,
        };
        if allowed {
            Ok((scope, owner))
        } else {
            Err(Denial::Forbidden(Forbidden::RoleForbidden))
        }
    }
}
