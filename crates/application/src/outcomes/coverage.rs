//! The coverage of company outcomes.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    id::OrganizationId,
    outcome::{Coverage, CoverageDraft, Definition},
    owner::{AccessLevel, Owner},
};
use serde_json::json;

use super::Outcomes;
use crate::{Caller, Error, RowLevel, default_definitions::existing, overtaken::Overtaken};

/// The coverage that an owner states.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the body's fields")]
pub struct SetCoverage {
    pub definition: Definition,
    pub draft: CoverageDraft,
    pub access_level: Option<RowLevel>,
    pub organization: Option<OrganizationId>,
}

impl Outcomes {
    /// Returns the coverage of an owner's outcomes; `None` if none was stated.
    ///
    /// # Errors
    /// `outside_scope`, `organization_required`, `organization_mismatch`; `NotFound` for an unknown
    /// definition.
    pub async fn coverage(
        &self,
        caller: &Caller,
        definition: Definition,
        level: Option<AccessLevel>,
        organization: Option<OrganizationId>,
    ) -> Result<(Owner, Option<Coverage>), Error> {
        let (scope, owner) = caller
            .actor
            .read_coverage(level, organization)
            .map_err(|denial| Error::denied(denial, "organization"))?;
        self.known(caller, owner, definition).await?;
        let outcomes = self.ports.store.outcomes();
        Ok((owner, outcomes.coverage(&scope, definition).await?))
    }

    /// # Errors
    /// `NotFound` if the owner has no such definition of default.
    async fn known(
        &self,
        caller: &Caller,
        owner: Owner,
        definition: Definition,
    ) -> Result<(), Error> {
        let scope = caller.actor.scope();
        let found = existing(&self.ports, &scope, owner, "/definition", definition).await;
        match found {
            Err(Error::Invalid(_)) => Err(Error::not_found("default definition")),
            other => other.map(|_| ()),
        }
    }

    /// Stores the coverage of an owner's outcomes.
    ///
    /// # Errors
    /// `level_forbidden`, `outside_scope`, `role_forbidden`; every fault of the days, among them
    /// `note_required` where they are fewer than before.
    pub async fn set_coverage(
        &self,
        caller: &Caller,
        command: &SetCoverage,
    ) -> Result<Coverage, Error> {
        let mut overtaken = Overtaken::by(None);
        loop {
            let attempt = self.set_coverage_once(caller, command).await;
            if let Some(result) = overtaken.evaluate(attempt) {
                return result;
            }
        }
    }

    async fn set_coverage_once(
        &self,
        caller: &Caller,
        command: &SetCoverage,
    ) -> Result<Coverage, Error> {
        let actor = &caller.actor;
        let refused = |denial| Error::denied(denial, "organization");
        let level = command.access_level.map(RowLevel::level);
        let grant = actor
            .set_coverage(level, command.organization)
            .map_err(refused)?;
        let owner = grant.owner();
        let (scope, _) = actor
            .read_coverage(Some(owner.level()), owner.organization())
            .map_err(refused)?;
        let definition = command.definition;
        self.known(caller, owner, definition).await?;
        let before = self.ports.store.outcomes();
        let before = before.coverage(&scope, definition).await?;
        let today = self.ports.clock.now().date();
        let days = command
            .draft
            .check(today, before.as_ref().map(|before| &before.days))
            .map_err(Error::Invalid)?;
        let (before, days) = (&before, &days);
        self.ports
            .transaction(&actor.scope(), |unit| async move {
                let version = before.as_ref().map(|before| before.row_version);
                let coverage = unit
                    .outcomes()
                    .set_coverage(grant, definition, days, version)
                    .await?;
                let event = AuditEvent {
                    organization: owner.organization(),
                    old_values: before.as_ref().map(|before| json!(before.days)),
                    new_values: Some(json!(days)),
                    metadata: json!({ "definition": definition, "access_level": owner.level() }),
                    ..AuditEvent::new(
                        "outcome_coverage.set",
                        "outcome_coverage",
                        AuditAction::Update,
                    )
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Ok(coverage)
            })
            .await
    }
}
