//! Receives a file and creates a job for it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use accunode_domain::{
    access::Grant,
    audit::{AuditAction, AuditEvent},
    fault::Fault,
    id::{JobId, OrganizationId},
    job::{Job, JobOptions, JobType},
    prediction::Kind,
    text::clean_text,
};
use accunode_ports::{
    RepositoryError,
    files::{ByteStream, StoredFile},
    repositories::NewJob,
};
use futures::StreamExt;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{BulkUploads, Table, table::apart};
use crate::{Caller, Error, ErrorCode, Idempotency, Replayable, RowLevel, disk::storage_low};

/// The number of bytes of an upload after which the free space is checked again.
const LOOK_AT_DISK: usize = 16 << 20;

/// The request for a job over a received file.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the form's fields")]
pub struct SubmitUpload {
    pub file: StoredFile,
    pub original_filename: String,
    pub job_type: JobType,
    pub access_level: Option<RowLevel>,
    pub organization: Option<OrganizationId>,
    pub options: JobOptions,
    /// Whether an upload of the same file is repeated on purpose.
    pub force: bool,
}

impl BulkUploads {
    /// Streams a file into the file store. It belongs to no owner until [`Self::submit`]; a
    /// caller that does not reach that step must [`Self::discard`] it.
    ///
    /// # Errors
    /// `TooLarge`, `cut_off`; `storage_low` if the disk has little free space, at the start
    /// or while the file is received.
    pub async fn receive(&self, bytes: ByteStream) -> Result<StoredFile, Error> {
        self.ports.require_disk_space()?;
        let limit = self.ports.settings.max_upload_bytes;
        let (bytes, ran_low) = self.watched(bytes);
        let received = self
            .ports
            .files
            .receive(self.ports.ids.new_id(), bytes, limit)
            .await;
        match received {
            Err(_) if ran_low.load(Ordering::Relaxed) => Err(storage_low()),
            other => Ok(other?),
        }
    }

    /// Returns the same bytes, ending with an error once the disk runs low, and whether that
    /// happened.
    fn watched(&self, bytes: ByteStream) -> (ByteStream, Arc<AtomicBool>) {
        let ran_low = Arc::new(AtomicBool::new(false));
        let (ports, low) = (self.ports.clone(), ran_low.clone());
        let mut until_look = LOOK_AT_DISK;
        let watched = bytes.map(move |chunk| {
            let chunk = chunk?;
            match until_look.checked_sub(chunk.len()) {
                Some(rest) => until_look = rest,
                None => {
                    until_look = LOOK_AT_DISK;
                    if ports.require_disk_space().is_err() {
                        low.store(true, Ordering::Relaxed);
                        return Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into());
                    }
                }
            }
            Ok(chunk)
        });
        (watched.boxed(), ran_low)
    }

    /// Removes a received file for which no job was created.
    pub async fn discard(&self, file: &StoredFile) {
        if let Err(error) = self.ports.files.remove(&file.key).await {
            tracing::warn!(key = file.key, %error, "a refused upload could not be removed");
        }
    }

    /// Creates a job for a received file, or removes the file.
    ///
    /// # Errors
    /// `level_forbidden`, `outside_scope`; a file that cannot be read, has no rows
    /// or lacks columns; `duplicate_file` with the other job's id.
    pub async fn submit(
        &self,
        caller: &Caller,
        upload: SubmitUpload,
        idempotency: Option<&Idempotency<'_, Job>>,
    ) -> Result<Replayable<Job>, Error> {
        let file = upload.file.clone();
        let result = self.try_submit(caller, upload, idempotency).await;
        if !matches!(result, Ok(Replayable::Fresh(_))) {
            self.discard(&file).await;
        }
        result
    }

    async fn try_submit(
        &self,
        caller: &Caller,
        upload: SubmitUpload,
        idempotency: Option<&Idempotency<'_, Job>>,
    ) -> Result<Replayable<Job>, Error> {
        let actor = &caller.actor;
        let grant = actor
            .upload(
                upload.access_level.map(RowLevel::level),
                upload.organization,
            )
            .map_err(|denial| Error::denied(denial, "organization"))?;
        let original_filename =
            clean_text("/file", &upload.original_filename, 255).map_err(Error::invalid)?;
        self.check_file(&upload, &original_filename).await?;

        let dedup_key = (!upload.force && !upload.options.dry_run)
            .then(|| dedup_key(upload.job_type, &upload.file.sha256, &upload.options));
        let new = NewJob {
            id: JobId(self.ports.ids.new_id()),
            kind: upload.job_type.kind().unwrap_or(Kind::Annual),
            original_filename,
            file_key: upload.file.key,
            file_size: i64::try_from(upload.file.size).unwrap_or(i64::MAX),
            file_hash: upload.file.sha256,
            options: upload.options,
            task: upload.job_type.task(),
            dedup_key: dedup_key.clone(),
            budget: self.ports.settings.job_budget,
            request_id: Some(caller.context.request_id.clone()),
            api_key: caller.key,
        };
        let (new, dedup_key) = (&new, &dedup_key);
        self.ports
            .transaction(&actor.scope(), |unit| async move {
                if let Some(answer) = Idempotency::claim(idempotency, &*unit, actor).await? {
                    return Ok(Replayable::Replayed(answer));
                }
                if let Some(key) = dedup_key
                    && let Some(job) = unit.reads().jobs().same_upload(grant, key).await?
                {
                    return Err(duplicate(Some(job)));
                }
                let job = match unit.jobs().add(grant, new).await {
                    // Another upload of the same file was slightly faster.
                    Err(RepositoryError::Conflict { .. }) => {
                        return Err(duplicate(self.other(grant, dedup_key.as_deref()).await?));
                    }
                    other => other?,
                };
                let event = AuditEvent {
                    entity_id: Some(job.id.0),
                    organization: grant.owner().organization(),
                    new_values: Some(json!({
                        "filename": job.original_filename,
                        "sha256": job.file_hash,
                        "size": job.file_size,
                        "job_type": job.job_type(),
                        "options": job.options,
                        "access_level": grant.owner().level(),
                    })),
                    ..AuditEvent::new(
                        "bulk_upload.created",
                        "bulk_upload_job",
                        AuditAction::Create,
                    )
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                Idempotency::store(idempotency, &*unit, actor, &job).await?;
                Ok(Replayable::Fresh(job))
            })
            .await
    }

    async fn other(&self, grant: Grant, key: Option<&str>) -> Result<Option<JobId>, Error> {
        match key {
            Some(key) => Ok(self.ports.store.jobs().same_upload(grant, key).await?),
            None => Ok(None),
        }
    }

    /// Opens the file to check that it can be processed: its format, its columns, a first
    /// row.
    async fn check_file(&self, upload: &SubmitUpload, filename: &str) -> Result<(), Error> {
        let key = &upload.file.key;
        let peek = self.ports.files.peek(key, filename, Table::PEEK).await?;
        let (kind, sheet) = (upload.job_type.kind(), upload.options.sheet.clone());
        let has_rows = apart(move || match kind {
            Some(kind) => Table::choose(kind, &peek, sheet.as_deref()).map(|table| table.has_rows),
            None => Table::of_outcomes(&peek, sheet.as_deref()).map(|table| table.has_rows),
        });
        if !has_rows.await?.map_err(Error::Invalid)? {
            return Err(Error::invalid(Fault::new(
                "/file",
                "empty_file",
                "the file has a header and no rows",
            )));
        }
        Ok(())
    }
}

fn duplicate(job: Option<JobId>) -> Error {
    Error::Conflict {
        code: ErrorCode::DuplicateFile,
        detail: "this file was uploaded with the same options before; force=true uploads it again"
            .to_owned(),
        existing: job.map(|id| id.0),
    }
}

/// Returns the key that is equal for equal uploads of one owner: kind, content and options.
pub(super) fn dedup_key(job_type: JobType, file_sha256: &str, options: &JobOptions) -> String {
    let mut hash = Sha256::new();
    hash.update(job_type.as_str());
    hash.update([0]);
    hash.update(file_sha256);
    hash.update([0]);
    hash.update(options.ratio_unit.as_str());
    hash.update([0]);
    hash.update(options.on_conflict.as_str());
    hash.update([u8::from(options.confirm_units)]);
    hash.update(options.units.to_string());
    hash.update([0]);
    hash.update(options.sheet.as_deref().unwrap_or_default());
    hash.update([0]);
    hash.update(options.other_company.as_str());
    if let Some(mark) = options.decimal {
        hash.update([0]);
        hash.update(mark.as_str());
    }
    hex::encode(hash.finalize())
}
