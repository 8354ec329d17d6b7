//! Removes an upload, and undoes it on request.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    id::JobId,
};
use accunode_ports::{RepositoryError, files::StoredFile, repositories::Undone};
use serde_json::json;

use super::BulkUploads;
use crate::{Caller, Error, ErrorCode};

impl BulkUploads {
    /// Removes an upload that has ended, with its file and its rows. With `predictions` it is
    /// undone: the predictions that it created are deleted, those that it updated are
    /// restored, and those that were changed since are kept and counted.
    ///
    /// # Errors
    /// `NotFound`, `not_writable`; `running` while a worker may still have it.
    pub async fn remove(
        &self,
        caller: &Caller,
        id: JobId,
        predictions: bool,
    ) -> Result<Undone, Error> {
        let job = self.get(caller, id).await?;
        let grant = caller
            .actor
            .control_upload(job.owner, job.created_by)
            .map_err(|denial| Error::denied(denial, "upload"))?;
        let removing = &job;
        let undone = self
            .ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let undone = match unit.jobs().remove(grant, id, predictions).await {
                    Err(RepositoryError::Stale { .. }) => {
                        return Err(Error::Conflict {
                            code: ErrorCode::Running,
                            detail: "this upload is being worked on; cancel it first".to_owned(),
                            existing: None,
                        });
                    }
                    other => other?,
                };
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: removing.owner.organization(),
                    old_values: Some(json!({
                        "filename": removing.original_filename,
                        "sha256": removing.file_hash,
                        "counts": removing.counts,
                    })),
                    new_values: Some(json!({
                        "predictions_deleted": undone.deleted,
                        "predictions_restored": undone.restored,
                        "predictions_kept": undone.kept,
                    })),
                    ..AuditEvent::new(
                        "bulk_upload.deleted",
                        "bulk_upload_job",
                        AuditAction::Delete,
                    )
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Ok(undone)
            })
            .await?;
        if job.has_file() {
            self.discard(&StoredFile {
                key: job.file_key,
                size: 0,
                sha256: job.file_hash,
            })
            .await;
        }
        if predictions {
            self.ports.invalidate_cached_stats(&[job.owner.key()]).await;
        }
        Ok(undone)
    }
}
