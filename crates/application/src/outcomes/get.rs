//! Reads a company outcome.

use accunode_domain::{id::OutcomeId, outcome::Outcome};

use super::Outcomes;
use crate::{Caller, Error};

impl Outcomes {
    /// Returns one outcome, withdrawn or not. When a super_admin reads a user's personal
    /// outcome, this is written to the audit log before they receive it.
    ///
    /// # Errors
    /// `NotFound` if the caller cannot read it.
    pub async fn get(&self, caller: &Caller, id: OutcomeId) -> Result<Outcome, Error> {
        let (outcome, _) = caller.read_row(&self.ports, id).await?;
        Ok(outcome)
    }
}
