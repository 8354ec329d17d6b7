//! Requests a rescoring: a job that scores stored predictions by another model.

use accunode_domain::{
    access::Grant,
    audit::{AuditAction, AuditEvent},
    fault::Fault,
    id::{JobId, OrganizationId},
    job::{Job, JobOptions, Rescoring, Task},
    prediction::Kind,
    risk::ModelRef,
    text::clean_text,
};
use accunode_ports::{RepositoryError, repositories::NewJob};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::BulkUploads;
use crate::{Caller, Error, ErrorCode, Idempotency, Replayable, RowLevel};

/// The selection of predictions, and the model.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the body's fields")]
pub struct RescorePredictions {
    pub kind: Kind,
    /// The name of the model. If neither name nor version is given, it is the default
    /// model.
    pub model_name: Option<String>,
    pub model_version: Option<String>,
    pub access_level: Option<RowLevel>,
    pub organization: Option<OrganizationId>,
    /// Only predictions that this version made.
    pub only_from_model_version: Option<String>,
}

impl BulkUploads {
    /// Creates a job that scores every prediction of an owner by a model, except those that
    /// this model has scored already. Previous results stay readable as revisions.
    ///
    /// # Errors
    /// `level_forbidden`, `outside_scope`; `model_unavailable`; `rescoring_running`
    /// with the id of the same job that has not ended.
    pub async fn rescore(
        &self,
        caller: &Caller,
        command: &RescorePredictions,
        idempotency: Option<&Idempotency<'_, Job>>,
    ) -> Result<Replayable<Job>, Error> {
        let actor = &caller.actor;
        let grant = actor
            .upload(
                command.access_level.map(RowLevel::level),
                command.organization,
            )
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let only_from = command.only_from_model_version.as_deref();
        let rescoring = Rescoring {
            model: self.model(command)?,
            only_from: only_from
                .map(|version| clean_text("/only_from_model_version", version, 40))
                .transpose()
                .map_err(Error::invalid)?,
        };
        let dedup_key = dedup_key(command.kind, &rescoring);
        let new = NewJob {
            id: JobId(self.ports.ids.new_id()),
            kind: command.kind,
            original_filename: name(command.kind, &rescoring.model),
            file_key: String::new(),
            file_size: 0,
            file_hash: String::new(),
            options: JobOptions::default(),
            task: Task::Rescore(rescoring.clone()),
            dedup_key: Some(dedup_key.clone()),
            budget: self.ports.settings.job_budget,
            request_id: Some(caller.context.request_id.clone()),
            api_key: caller.key,
        };
        let (new, dedup_key, rescoring) = (&new, &dedup_key, &rescoring);
        self.ports
            .transaction(&actor.scope(), |unit| async move {
                if let Some(answer) = Idempotency::claim(idempotency, &*unit, actor).await? {
                    return Ok(Replayable::Replayed(answer));
                }
                if let Some(job) = unit.reads().jobs().same_upload(grant, dedup_key).await? {
                    return Err(running(Some(job)));
                }
                let job = match unit.jobs().add(grant, new).await {
                    // Another request for the same rescoring came first.
                    Err(RepositoryError::Conflict { .. }) => {
                        return Err(running(self.running(grant, dedup_key).await?));
                    }
                    other => other?,
                };
                let event = AuditEvent {
                    entity_id: Some(job.id.0),
                    organization: grant.owner().organization(),
                    new_values: Some(json!({
                        "job_type": job.kind,
                        "rescore": rescoring,
                        "access_level": grant.owner().level(),
                    })),
                    ..AuditEvent::new("rescoring.created", "bulk_upload_job", AuditAction::Create)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Idempotency::store(idempotency, &*unit, actor, &job).await?;
                Ok(Replayable::Fresh(job))
            })
            .await
    }

    /// Returns the requested model. The default model comes first.
    fn model(&self, command: &RescorePredictions) -> Result<ModelRef, Error> {
        let is = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|w| w == is);
        self.ports
            .scorer
            .models()
            .into_iter()
            .filter(|info| info.kind == command.kind)
            .map(|info| info.model)
            .find(|model| {
                is(&command.model_name, &model.name) && is(&command.model_version, &model.version)
            })
            .ok_or_else(|| {
                let pointer = if command.model_version.is_some() {
                    "/model_version"
                } else {
                    "/model_name"
                };
                Error::invalid(Fault::new(
                    pointer,
                    "model_unavailable",
                    format!("no such {} model is served; see /models", command.kind),
                ))
            })
    }

    async fn running(&self, grant: Grant, key: &str) -> Result<Option<JobId>, Error> {
        Ok(self.ports.store.jobs().same_upload(grant, key).await?)
    }
}

pub(super) fn running(job: Option<JobId>) -> Error {
    Error::Conflict {
        code: ErrorCode::RescoringRunning,
        detail: "the same rescoring has not ended yet".to_owned(),
        existing: job.map(|id| id.0),
    }
}

/// The name of the job, where uploads have the name of their file.
fn name(kind: Kind, model: &ModelRef) -> String {
    let name = format!(
        "rescoring of {kind} predictions by {} {}",
        model.name, model.version
    );
    name.chars().take(255).collect()
}

/// Returns the key that is equal for equal rescorings of one owner: kind, model, and
/// selection.
pub(super) fn dedup_key(kind: Kind, rescoring: &Rescoring) -> String {
    let mut hash = Sha256::new();
    for part in [
        "rescore",
        kind.as_str(),
        &rescoring.model.name,
        &rescoring.model.version,
        &rescoring.model.sha256,
        rescoring.only_from.as_deref().unwrap_or_default(),
    ] {
        hash.update(part);
        hash.update([0]);
    }
    hex::encode(hash.finalize())
}
