//! Withdraws a company outcome.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    id::OutcomeId,
    outcome::{Outcome, check_reason, check_timeline},
};
use serde_json::json;

use super::{Outcomes, out_of_turn};
use crate::{Caller, Error, ErrorCode};

impl Outcomes {
    /// Withdraws an outcome. It stays readable, and still counts for times before the
    /// withdrawal.
    ///
    /// # Errors
    /// `NotFound`, `not_writable`; faults of the reason; `already_withdrawn`;
    /// `already_in_default`, `not_in_default` if others depend on it.
    pub async fn withdraw(
        &self,
        caller: &Caller,
        id: OutcomeId,
        reason: &str,
    ) -> Result<Outcome, Error> {
        let scope = caller.actor.scope();
        let outcome = match self.ports.store.outcomes().find(&scope, id).await? {
            Some(outcome) => outcome,
            // With break-glass a super_admin learns that it exists, but may not change it.
            None => self.get(caller, id).await?,
        };
        let grant = caller
            .actor
            .write(outcome.owner, outcome.created_by)
            .map_err(|denial| Error::denied(denial, "outcome"))?;
        let reason = check_reason(reason).map_err(Error::invalid)?;
        let (outcome, reason) = (&outcome, reason.as_str());
        self.ports
            .transaction(&scope, |unit| async move {
                let timeline = unit
                    .outcomes()
                    .lock_timeline(grant, outcome.company.id, outcome.facts.definition)
                    .await?;
                if !timeline.iter().any(|(other, _)| *other == id) {
                    return Err(Error::Conflict {
                        code: ErrorCode::AlreadyWithdrawn,
                        detail: "this outcome was withdrawn before; it is never changed again"
                            .to_owned(),
                        existing: None,
                    });
                }
                let others = timeline.iter().filter(|(other, _)| *other != id);
                check_timeline(others.map(|(_, mark)| *mark)).map_err(out_of_turn)?;
                let withdrawn = unit.outcomes().withdraw(grant, id, reason).await?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: outcome.owner.organization(),
                    old_values: Some(json!({
                        "company_id": outcome.company.id,
                        "outcome": outcome.facts,
                    })),
                    metadata: json!({ "reason": reason }),
                    ..AuditEvent::new("outcome.withdrawn", "outcome", AuditAction::Update)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Ok(withdrawn)
            })
            .await
    }
}
