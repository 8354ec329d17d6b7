//! Cancels an upload.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    id::JobId,
    job::Job,
};
use accunode_ports::RepositoryError;

use super::BulkUploads;
use crate::{Caller, Error, ErrorCode};

impl BulkUploads {
    /// Cancels an upload: at once if no worker has it, else at its next chunk. Rows that
    /// were stored stay.
    ///
    /// # Errors
    /// `NotFound`, `not_writable`, `not_cancellable` if it has ended.
    pub async fn cancel(&self, caller: &Caller, id: JobId) -> Result<Job, Error> {
        let job = self.get(caller, id).await?;
        let grant = caller
            .actor
            .control_upload(job.owner, job.created_by)
            .map_err(|denial| Error::denied(denial, "upload"))?;
        let job = &job;
        self.ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let cancelled = match unit.jobs().request_cancel(grant, id).await {
                    Err(RepositoryError::Stale { .. }) => {
                        return Err(Error::Conflict {
                            code: ErrorCode::NotCancellable,
                            detail: format!("this upload is {} already", job.status),
                            existing: None,
                        });
                    }
                    other => other?,
                };
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: job.owner.organization(),
                    ..AuditEvent::new(
                        "bulk_upload.cancelled",
                        "bulk_upload_job",
                        AuditAction::Update,
                    )
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Ok(cancelled)
            })
            .await
    }
}
