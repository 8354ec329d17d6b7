//! Reading single rows, and what may be predicted on which company (I4).

use super::{Actor, Denial, Grant};
use crate::{
    id::{OrganizationId, UserId},
    owner::{AccessLevel, Owner},
    user::Role,
};

/// How a row may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It is in the actor's scope.
    Open,
    /// Somebody's personal row, read by a super_admin: the audit log is told first.
    BreakGlass,
}

impl Actor {
    /// Whether and how he may read a row.
    ///
    /// # Errors
    /// `NotFound`: what cannot be read does not exist.
    pub fn read(&self, owner: Owner) -> Result<Reading, Denial> {
        if self.scope().contains(owner) {
            Ok(Reading::Open)
        } else if self.role() == Role::SuperAdmin && matches!(owner, Owner::Person(_)) {
            Ok(Reading::BreakGlass)
        } else {
            Err(Denial::NotFound)
        }
    }

    /// That he may widen a row from its owner to `level`.
    ///
    /// # Errors
    /// In this order: `NotFound`; `Conflict("level_change")` for a row he may
    /// write, or `Forbidden("not_writable")`, where the level would go down;
    /// `Forbidden` where the level or the organization is not his to give.
    pub fn raise(
        &self,
        owner: Owner,
        creator: UserId,
        level: AccessLevel,
        organization: Option<OrganizationId>,
    ) -> Result<Grant, Denial> {
        self.read(owner)?;
        if level < owner.level() {
            self.write(owner, creator)?;
            return Err(Denial::Conflict("level_change"));
        }
        if level == AccessLevel::System {
            // A super_admin publishes what he may write; everyone else never.
            return if self.role() == Role::SuperAdmin {
                self.write(owner, creator)?;
                self.create(Some(AccessLevel::System), None)
            } else {
                Err(Denial::Forbidden("level_forbidden"))
            };
        }
        self.write(owner, creator)?;
        let target = self.create(Some(level), organization)?;
        match (owner, target.owner()) {
            (Owner::Organization(from), Owner::Organization(to)) if from != to => {
                Err(Denial::Conflict("level_change"))
            }
            _ => Ok(target),
        }
    }
}

/// I4: a prediction may be made on a company of its own owner or of the system;
/// a personal one on any company that its creator can read.
///
/// # Errors
/// `Unprocessable("level_mismatch")`.
pub fn prediction_fits_company(
    prediction: Owner,
    company: Owner,
    company_is_readable: bool,
) -> Result<(), Denial> {
    let fits = match prediction {
        Owner::Person(_) => company_is_readable,
        Owner::Organization(_) => company == prediction || company == Owner::System,
        Owner::System => company == Owner::System,
    };
    if fits {
        Ok(())
    } else {
        Err(Denial::Unprocessable("level_mismatch"))
    }
}
