//! Which rows refer to a company, and whether they may be removed with it.

use super::{Actor, Reading};
use crate::{id::UserId, owner::Owner};

/// The kind of rows that refer to a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnCompany {
    /// Predictions of either kind.
    Predictions,
    /// Outcomes, withdrawn or not.
    Outcomes,
}

/// Rows of a company that are under one rule: of one owner, by one creator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowsOnCompany {
    /// The kind of the rows.
    pub what: OnCompany,
    /// The owner of the rows.
    pub owner: Owner,
    /// The user who created the rows.
    pub created_by: UserId,
    /// The number of rows.
    pub count: u64,
}

/// What refers to a company, as far as the actor who wants to remove it may know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompanyUse {
    /// Predictions that the actor may delete one by one.
    pub removable: u64,
    /// Predictions that the actor may read but not delete.
    pub not_writable: u64,
    /// Outcomes that the actor may read.
    pub outcomes: u64,
    /// Whether there are rows that the actor may not read. Their number and owners are secret.
    pub unseen: bool,
}

impl CompanyUse {
    /// Returns whether any row refers to the company.
    #[must_use]
    pub fn is_used(&self) -> bool {
        *self != Self::default()
    }

    /// Returns whether all rows may be removed with the company: no row's own rule would refuse
    /// its deletion, and there is no outcome, because outcomes are withdrawn and never deleted.
    #[must_use]
    pub const fn may_go(&self) -> bool {
        self.not_writable == 0 && self.outcomes == 0 && !self.unseen
    }
}

impl Actor {
    /// Sorts the rows of a company by what the actor may do with each, under the row's own
    /// rule: the right to remove a company gives no right to the rows that other users added to
    /// it.
    #[must_use]
    pub fn company_use(&self, rows: &[RowsOnCompany]) -> CompanyUse {
        let mut found = CompanyUse::default();
        for row in rows {
            let counted = match row.what {
                // A personal row that only break-glass can read counts as unseen, like any
                // other.
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
