//! A back-test is asked for.

use accunode_domain::{
    access::Grant,
    audit::{AuditAction, AuditEvent},
    fault::Fault,
    id::{JobId, OrganizationId, ValidationId},
    job::{JobOptions, Task},
    outcome::Definition,
    prediction::Kind,
    validation::{
        BacktestDraft, BacktestRequest, MasterScale, ModelFacts, RequestFault, ValidationReport,
    },
};
use accunode_ports::repositories::NewJob;
use serde_json::json;

use super::Validations;
use crate::{
    Caller, Error, ErrorCode, Idempotency, Replayable, RowLevel, default_definitions::existing,
    rating_scales,
};

/// Whose predictions are compared with what happened, and how.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the body's fields")]
pub struct AskBacktest {
    pub draft: BacktestDraft,
    /// The scale that grades are of, by its name or id; the shipped one by default.
    pub scale: Option<String>,
    pub access_level: Option<RowLevel>,
    pub organization: Option<OrganizationId>,
}

impl Validations {
    /// Stores what is asked for, and a job that makes the report.
    ///
    /// # Errors
    /// `level_forbidden`, `outside_scope`, `role_forbidden`; every fault of the body;
    /// `window_not_covered`; what a budget of jobs says.
    #[tracing::instrument(name = "validations.ask", level = "debug", skip_all)]
    pub async fn ask(
        &self,
        caller: &Caller,
        command: &AskBacktest,
        idempotency: Option<&Idempotency<'_, ValidationReport>>,
    ) -> Result<Replayable<ValidationReport>, Error> {
        let actor = &caller.actor;
        let refused = |denial| Error::denied(denial, "organization");
        let level = command.access_level.map(RowLevel::level);
        let grant = actor
            .validate(level, command.organization)
            .map_err(refused)?;
        if command.draft.include_system_outcomes {
            actor
                .count_system_outcomes()
                .map_err(|denial| Error::denied(denial, "outcome"))?;
        }
        let request = &self.request(caller, command, grant).await?;
        let id = self.ports.ids.new_id();
        let job = &NewJob {
            id: JobId(id),
            kind: request.kind,
            original_filename: name(request),
            file_key: String::new(),
            file_size: 0,
            file_hash: String::new(),
            options: JobOptions::default(),
            task: Task::Validate,
            dedup_key: None,
            budget: self.ports.settings.job_budget,
            request_id: Some(caller.context.request_id.clone()),
            api_key: caller.key,
        };
        self.ports
            .transaction(&actor.scope(), |unit| async move {
                if let Some(answer) = Idempotency::claim(idempotency, &*unit, actor).await? {
                    return Ok(Replayable::Replayed(answer));
                }
                let report = unit
                    .validations()
                    .add(grant, ValidationId(id), request)
                    .await?;
                unit.jobs().add(grant, job).await?;
                let event = AuditEvent {
                    entity_id: Some(id),
                    organization: grant.owner().organization(),
                    new_values: Some(json!({
                        "request": request,
                        "access_level": grant.owner().level(),
                    })),
                    ..AuditEvent::new(
                        "validation.created",
                        "validation_report",
                        AuditAction::Create,
                    )
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Idempotency::store(idempotency, &*unit, actor, &report).await?;
                Ok(Replayable::Fresh(report))
            })
            .await
    }

    async fn request(
        &self,
        caller: &Caller,
        command: &AskBacktest,
        grant: Grant,
    ) -> Result<BacktestRequest, Error> {
        let scale = match &command.scale {
            None => None,
            Some(text) => {
                let found = rating_scales::named(&self.ports, caller, "/scale", Some(text)).await?;
                // Of the shipped one requests say nothing.
                Some(found).filter(|scale| scale.name != MasterScale::SHIPPED)
            }
        };
        let draft = &BacktestDraft {
            scale,
            ..command.draft.clone()
        };
        let owner = grant.owner();
        let (scope, _) = caller
            .actor
            .read_coverage(Some(owner.level()), owner.organization())
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let all = caller.actor.scope();
        existing(&self.ports, &all, owner, "/definition", draft.definition).await?;
        let outcomes = self.ports.store.outcomes();
        let coverage = outcomes.coverage(&scope, draft.definition).await?;
        let days = coverage.as_ref().map(|coverage| &coverage.days);
        let facts = self.model_facts(draft.kind);
        draft
            .check(self.ports.clock.now(), facts, days)
            .map_err(refused)
    }

    /// What the manifest of the model that predicts says of itself. Those that say nothing of
    /// their label learned bankruptcy, as all shipped ones.
    fn model_facts(&self, kind: Kind) -> ModelFacts {
        let models = self.ports.scorer.models();
        let served = models
            .iter()
            .find(|model| model.kind == kind && model.is_default);
        let label = served.and_then(|model| model.label);
        ModelFacts {
            label: label.unwrap_or(Definition::Bankruptcy),
            target_rate: served.and_then(|model| model.manifest["target_default_rate"].as_f64()),
            version: served.map(|model| model.model.version.clone()),
        }
    }
}

/// What stands where uploads have the name of their file.
fn name(request: &BacktestRequest) -> String {
    let first = request.first_days.first();
    let first = first.map(ToString::to_string).unwrap_or_default();
    format!("back-test of {} predictions on {first}", request.kind)
}

/// Why windows cannot be asked for.
pub(super) fn refused(fault: RequestFault) -> Error {
    match fault {
        RequestFault::Invalid(faults) => Error::Invalid(faults),
        RequestFault::NotCovered(detail) => Error::Conflict {
            code: ErrorCode::WindowNotCovered,
            detail,
            existing: None,
        },
    }
}

/// Why a job of a report cannot be done.
pub(crate) fn empty_sample() -> Fault {
    Fault::new(
        "/d0",
        "empty_sample",
        "no company is in the sample: check d0, the basis and the periods of the predictions",
    )
}
