//! Reads a company outcome.

use accunode_domain::{
    access::Reading,
    audit::{AuditAction, AuditEvent},
    id::OutcomeId,
    outcome::Outcome,
};

use super::Outcomes;
use crate::{Caller, Error};

impl Outcomes {
    /// Returns one outcome, withdrawn or not. When a super_admin reads a user's personal
    /// outcome, this is written to the audit log before they receive it.
    ///
    /// # Errors
    /// `NotFound` if the caller cannot read it.
    pub async fn get(&self, caller: &Caller, id: OutcomeId) -> Result<Outcome, Error> {
        let missing = || Error::not_found("outcome");
        let outcomes = self.ports.store.outcomes();
        if let Some(outcome) = outcomes.find(&caller.actor.scope(), id).await? {
            return Ok(outcome);
        }
        let scope = caller.actor.scope_with_break_glass(id.0);
        let scope = scope.map_err(|_| missing())?;
        let outcome = outcomes.find(&scope, id).await?.ok_or_else(missing)?;
        let reading = caller.actor.read(outcome.owner).map_err(|_| missing())?;
        if reading == Reading::BreakGlass {
            let event = AuditEvent {
                entity_id: Some(id.0),
                ..AuditEvent::new("outcome.break_glass", "outcome", AuditAction::Read)
            };
            caller.record(&self.ports, event).await?;
        }
        Ok(outcome)
    }
}
