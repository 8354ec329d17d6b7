//! What stands on a company, and whether it may go with it.

use super::{Actor, Reading};
use crate::{id::UserId, owner::Owner};

/// What kind of rows stands on a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnCompany {
    /// Predictions of either kind.
    Predictions,
    /// Outcomes, withdrawn or not.
    Outcomes,
}

/// Rows on a company that are under one rule: of one owner, by one creator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowsOnCompany {
    /// What they are.
    pub what: OnCompany,
    /// Whose they are.
    pub owner: Owner,
    /// Who made them.
    pub created_by: UserId,
    /// How many there are.
    pub count: u64,
}

/// What stands on a company, as far as the actor who would remove it may know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompanyUse {
    /// Predictions that they may delete one by one.
    pub removable: u64,
    /// Predictions that they may read and not delete.
    pub not_writable: u64,
    /// Outcomes that they may read.
    pub outcomes: u64,
    /// Whether there are rows that they may not read. How many and whose is not theirs to know.
    pub unseen: bool,
}

impl CompanyUse {
    /// Whether anything stands on the company.
    #[must_use]
    pub fn is_used(&self) -> bool {
        *self != Self::default()
    }

    /// Whether everything on the company may go with it: no row under a rule that would refuse
    /// its own deletion, and no outcome, for those are withdrawn and never deleted.
    #[must_use]
    pub const fn may_go(&self) -> bool {
        self.not_writable == 0 && self.outcomes == 0 && !self.unseen
    }
}

impl Actor {
    /// What the rows on a company are to them, each by its own rule: who may remove a company
    /// has no right over what others put on it.
    #[must_use]
    pub fn company_use(&self, rows: &[RowsOnCompany]) -> CompanyUse {
        let mut found = CompanyUse::default();
        for row in rows {
            let counted = match row.what {
                // A personal row behind the glass is as unseen as any other.
                _ if self.read(row.owner) != Ok(Reading::Open) => {
                    found.unseen = true;
                    continue;
                }
                OnCompany::Outcomes => &mut found.outcomes,
                OnCompany::Predictions if self.write(row.owner, row.created_by).is_ok() => {
                    &mut found.removable
                }
                OnCompany::Predictions => &mut found.not_writable,
            };
            *counted = counted.saturating_add(row.count);
        }
        found
    }
}
