//! Reading single rows, and which predictions may be made on which company (I4).

use super::{Actor, Contradiction, Denial, Grant, Inconsistency, KeyScope};
use crate::{
    id::{OrganizationId, UserId},
    owner::{AccessLevel, Owner},
};

/// How a row may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The row is in the actor's scope.
    Open,
    /// A user's personal row, read by a super_admin: the read must be written to the audit
    /// log first.
    BreakGlass,
}

impl Actor {
    /// Returns how the actor may read a row of `owner`.
    ///
    /// # Errors
    /// `NotFound`: a row that cannot be read is treated as missing.
    pub fn read(&self, owner: Owner) -> Result<Reading, Denial> {
        let scope = self.scope();
        if scope.contains(owner) {
            Ok(Reading::Open)
        } else if scope.super_admin() && matches!(owner, Owner::User(_)) {
            Ok(Reading::BreakGlass)
        } else {
            Err(Denial::NotFound)
        }
    }

    /// Checks that the actor may refer to this row in a body, as the company of a
    /// prediction. Break-glass is never used for this.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn may_reference(&self, owner: Owner) -> Result<(), Denial> {
        if self.scope().contains(owner) {
            Ok(())
        } else {
            Err(Denial::NotFound)
        }
    }

    /// Returns proof that the actor may make a prediction at this level, on a company of
    /// `company`.
    ///
    /// # Errors
    /// Those of [`Self::create`]; then `NotFound` for a company that the actor cannot
    /// read; then `Inconsistency::LevelMismatch` (I4).
    pub fn predict(
        &self,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
        company: Owner,
    ) -> Result<Grant, Denial> {
        let grant = self.create(level, organization)?;
        self.may_reference(company)?;
        prediction_fits_company(grant.owner(), company, true)?;
        Ok(grant)
    }

    /// Returns proof that the actor may widen the access to a row from its owner to
    /// `level`. The same level, with the same organization or none, changes nothing and
    /// requires only [`Self::write`].
    ///
    /// # Errors
    /// In this order: `NotFound`; `Forbidden::KeyForbidden` for an API key that would
    /// show a row to everyone; `Contradiction::LevelChange` for a row they may
    /// write, or `Forbidden::NotWritable`, where the level would go down or the
    /// organization change; those of [`Self::create`] for the level; and
    /// `Forbidden::NotWritable`.
    pub fn widen_access(
        &self,
        owner: Owner,
        creator: UserId,
        level: AccessLevel,
        organization: Option<OrganizationId>,
    ) -> Result<Grant, Denial> {
        self.widen_where(owner, creator, level, organization, |_| Ok(()))
    }

    /// As [`Self::widen_access`], for a prediction on a company of `company`: I4 must also hold
    /// after the change.
    ///
    /// # Errors
    /// Those of [`Self::widen_access`], and `Inconsistency::LevelMismatch` before
    /// `not_writable`.
    pub fn widen_prediction_access(
        &self,
        owner: Owner,
        creator: UserId,
        level: AccessLevel,
        organization: Option<OrganizationId>,
        company: Owner,
    ) -> Result<Grant, Denial> {
        // It was made on a company that its creator could read, and remains theirs.
        let fits = |to| prediction_fits_company(to, company, true);
        self.widen_where(owner, creator, level, organization, fits)
    }

    fn widen_where(
        &self,
        owner: Owner,
        creator: UserId,
        level: AccessLevel,
        organization: Option<OrganizationId>,
        fits: impl FnOnce(Owner) -> Result<(), Denial>,
    ) -> Result<Grant, Denial> {
        let reading = self.read(owner)?;
        self.require_key_scope(KeyScope::Write)?;
        if level == AccessLevel::System && owner != Owner::System {
            // Every tenant sees the row permanently from then on.
            self.require_user()?;
        }
        if level < owner.level() {
            self.write_unscoped(owner, creator)?;
            return Err(Denial::Conflict(Contradiction::LevelChange));
        }
        let organization = match level {
            AccessLevel::Organization => organization.or(owner.organization()),
            _ => organization,
        };
        let target = self.create_unscoped(Some(level), organization)?;
        // A 422 must not reveal anything about a row that only break-glass can read.
        if reading == Reading::Open && target.owner() != owner {
            fits(target.owner())?;
        }
        self.write_unscoped(owner, creator)?;
        match (owner, target.owner()) {
            (Owner::Organization(from), Owner::Organization(to)) if from != to => {
                Err(Denial::Conflict(Contradiction::LevelChange))
            }
            _ => Ok(target.raising(owner)),
        }
    }
}

/// Checks I4: a prediction may be made on a company of its own owner or of the system; a
/// personal one on any company that its creator can read.
///
/// # Errors
/// `Inconsistency::LevelMismatch`.
pub fn prediction_fits_company(
    prediction: Owner,
    company: Owner,
    company_is_readable: bool,
) -> Result<(), Denial> {
    let fits = match prediction {
        Owner::User(_) => company_is_readable,
        Owner::Organization(_) => company == prediction || company == Owner::System,
        Owner::System => company == Owner::System,
    };
    if fits {
        Ok(())
    } else {
        Err(Denial::Unprocessable(Inconsistency::LevelMismatch))
    }
}
