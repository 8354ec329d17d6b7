//! Raises a company to a wider level, and decides which predictions on it move with it.

use super::{Actor, Grant, OnCompany, Reading, RowsOnCompany};

/// What happens to the rows on a company that is raised with its predictions, as far as the actor
/// may know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompanySharing {
    /// Predictions of the company's owner that move with it.
    pub moving: u64,
    /// Predictions of the company's owner that the actor may not raise. They prevent the move.
    pub refused: u64,
    /// Predictions of other owners that the actor may read. They keep their owners: a personal
    /// prediction is valid on any company that its creator can read.
    pub staying: u64,
    /// Outcomes that the actor may read. They keep their owners, since an outcome never changes.
    pub outcomes: u64,
}

impl Actor {
    /// Decides what happens to the rows on a company that `raise`, the answer of [`Self::widen_access`],
    /// gives to a wider owner. Each prediction follows the rule for raising it alone.
    #[must_use]
    pub fn company_sharing(&self, raise: Grant, rows: &[RowsOnCompany]) -> CompanySharing {
        let to = raise.owner();
        let mut found = CompanySharing::default();
        for row in rows {
            let is_of_company = row.owner == raise.from();
            let counted = match row.what {
                OnCompany::Predictions if is_of_company => {
                    let organization = to.organization();
                    let level = to.level();
                    match self.widen_prediction_access(
                        row.owner,
                        row.created_by,
                        level,
                        organization,
                        to,
                    ) {
                        Ok(_) => &mut found.moving,
                        Err(_) => &mut found.refused,
                    }
                }
                // The result reveals nothing about rows that the actor may not read.
                _ if self.read(row.owner) != Ok(Reading::Open) => continue,
                OnCompany::Predictions => &mut found.staying,
                OnCompany::Outcomes => &mut found.outcomes,
            };
            *counted = counted.saturating_add(row.count);
        }
        found
    }
}
