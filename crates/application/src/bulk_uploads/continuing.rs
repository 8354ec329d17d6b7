//! Continues an unfinished job from its checkpoint.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    job::{Job, Task},
};
use accunode_ports::{Contention, RepositoryError};
use serde_json::json;

use super::{BulkUploads, rescore, submit};
use crate::{Caller, Error, ErrorCode, Idempotency, Replayable};

impl BulkUploads {
    /// Continues a job that failed or was cancelled after its checkpoint: the rows that have an
    /// outcome keep it, and the rest is read.
    ///
    /// # Errors
    /// `NotFound`, `not_writable`; `nothing_to_retry` if it was continued or removed meanwhile;
    /// `rescoring_running` if the same rescoring was requested again; `too_many_open_jobs`.
    pub(super) async fn continue_job(
        &self,
        caller: &Caller,
        job: &Job,
        idempotency: Option<&Idempotency<'_, Job>>,
    ) -> Result<Replayable<Job>, Error> {
        let actor = &caller.actor;
        let grant = actor
            .control_upload(job.owner, job.created_by)
            .map_err(|denial| Error::denied(denial, "upload"))?;
        let key = match &job.task {
            Task::Rescore(rescoring) => Some(rescore::dedup_key(job.kind, rescoring)),
            Task::Validate => None,
            Task::Upload | Task::Outcomes if job.options.dry_run => None,
            Task::Upload | Task::Outcomes => Some(submit::dedup_key(
                job.job_type(),
                &job.file_hash,
                &job.options,
            )),
        };
        let key = &key;
        self.ports
            .transaction(&actor.scope(), |unit| async move {
                if let Some(answer) = Idempotency::claim(idempotency, &*unit, actor).await? {
                    return Ok(Replayable::Replayed(answer));
                }
                let same = match key {
                    Some(key) => unit.reads().jobs().same_upload(grant, key).await?,
                    None => None,
                };
                let key = match (&job.task, same) {
                    (Task::Rescore(_), Some(other)) => return Err(rescore::running(Some(other))),
                    // The same file was sent again meanwhile. Continuing is intended all the
                    // same.
                    (Task::Upload | Task::Outcomes | Task::Validate, Some(_)) => None,
                    (_, None) => key.as_deref(),
                };
                let open_jobs = self.ports.settings.job_budget.open_jobs;
                let continued = match unit.jobs().resume(grant, job.id, key, open_jobs).await {
                    Err(RepositoryError::Stale { .. }) => return Err(moved_on()),
                    // The same upload arrived at this moment: the next attempt finds it.
                    Err(error @ RepositoryError::Conflict { .. }) => {
                        let cause = Contention(error.into());
                        return Err(Error::Unavailable(Box::new(cause)));
                    }
                    other => other?,
                };
                let event = AuditEvent {
                    entity_id: Some(job.id.0),
                    organization: job.owner.organization(),
                    old_values: Some(json!({ "status": job.status, "error": job.error })),
                    new_values: Some(
                        json!({ "status": continued.status, "after_row": job.checkpoint.row }),
                    ),
                    ..AuditEvent::new(
                        match job.task {
                            Task::Upload | Task::Outcomes => "bulk_upload.continued",
                            Task::Rescore(_) => "rescoring.continued",
                            Task::Validate => "validation.continued",
                        },
                        "bulk_upload_job",
                        AuditAction::Update,
                    )
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Idempotency::store(idempotency, &*unit, actor, &continued).await?;
                Ok(Replayable::Fresh(continued))
            })
            .await
    }
}

fn moved_on() -> Error {
    Error::Conflict {
        code: ErrorCode::NothingToRetry,
        detail: "this upload has moved on meanwhile; look at it again".to_owned(),
        existing: None,
    }
}
