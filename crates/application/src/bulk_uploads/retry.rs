//! Retries an upload: the rest of it, or its failed rows as a new upload.

use accunode_domain::{
    id::JobId,
    idempotency::StoredOutcome,
    job::{Job, JobStatus, RowStatus},
    text::guard_formula,
};
use accunode_ports::repositories::RowFilter;
use bytes::Bytes;
use futures::StreamExt;

use super::{
    BulkUploads, ListRows, SubmitUpload,
    rows::{as_csv, cells_of},
};
use crate::{Caller, Error, ErrorCode, Idempotency, Replayable, RowLevel};

/// The number of rows that are read from the database at once.
const PAGE: u32 = 1_000;

impl BulkUploads {
    /// Continues a job that was not read to its end from its checkpoint, so that every row
    /// of it gets an outcome. For a completed upload, creates a new upload of the rows that
    /// failed, with the same options. The cause of the failures may be gone: a company that
    /// was not readable, a conflict.
    ///
    /// # Errors
    /// `NotFound`, `not_writable`; `key_forbidden` or `step_up_required` if the upload's
    /// rows belong to the system; `nothing_to_retry` if no row failed, or the upload is
    /// still running; `rows_not_kept` if more rows failed than are stored.
    pub async fn retry(
        &self,
        caller: &Caller,
        id: JobId,
        idempotency: Option<&Idempotency<'_, Job>>,
    ) -> Result<Replayable<Job>, Error> {
        let job = self.get(caller, id).await?;
        caller
            .actor
            .control_upload(job.owner, job.created_by)
            .map_err(|denial| Error::denied(denial, "upload"))?;
        let level = self.level_again(caller, &job)?;
        if job.may_be_continued() {
            return self.continue_job(caller, &job, idempotency).await;
        }
        if let (false, Some(idempotency)) = (job.status.is_final(), idempotency)
            && let Some(answer) = self.continued_before(caller, idempotency).await?
        {
            return Ok(Replayable::Replayed(answer));
        }
        if job.status != JobStatus::Completed || job.counts.error == 0 || job.columns.is_empty() {
            return Err(Error::Conflict {
                code: ErrorCode::NothingToRetry,
                detail: if !job.status.is_final() {
                    "this upload is still being worked on".to_owned()
                } else if !job.has_file() {
                    "a rescoring and a back-test are repeated by asking for them again".to_owned()
                } else if job.status == JobStatus::Failed {
                    "this upload failed by its file or its options, and would fail again; send it anew"
                        .to_owned()
                } else {
                    "no row of this upload failed by itself; send the file again".to_owned()
                },
                existing: None,
            });
        }
        if job.rows_not_kept() > 0 {
            return Err(Error::Conflict {
                code: ErrorCode::RowsNotKept,
                detail: format!(
                    "{} failed or skipped rows of this upload were counted and not kept, so that \
                     they cannot be tried again from here; send the file again",
                    job.rows_not_kept()
                ),
                existing: None,
            });
        }
        let file = self.receive(self.failed_rows(caller, &job).await?).await?;
        let upload = SubmitUpload {
            file,
            original_filename: retried_name(&job.original_filename),
            job_type: job.job_type(),
            access_level: Some(level),
            organization: job.owner.organization(),
            options: job.options,
            force: true,
        };
        self.submit(caller, upload, idempotency).await
    }

    /// Returns the level of the rows that the continued job creates.
    fn level_again(&self, caller: &Caller, job: &Job) -> Result<RowLevel, Error> {
        match RowLevel::limited(job.owner.level()) {
            Some(level) => Ok(level),
            None => Ok(RowLevel::everyone(
                &caller.confirmed(self.ports.clock.now())?,
            )),
        }
    }

    /// Returns the stored response to the same request, if that continued the job.
    async fn continued_before(
        &self,
        caller: &Caller,
        idempotency: &Idempotency<'_, Job>,
    ) -> Result<Option<StoredOutcome>, Error> {
        let actor = &caller.actor;
        self.ports
            .transaction(&actor.scope(), |unit| async move {
                Idempotency::claim(Some(idempotency), &*unit, actor).await
            })
            .await
    }

    /// Returns the failed rows as a CSV file. There are at most as many as the upload had,
    /// and they are read a page at a time.
    async fn failed_rows(
        &self,
        caller: &Caller,
        job: &Job,
    ) -> Result<accunode_ports::files::ByteStream, Error> {
        let mut pages = vec![Bytes::from(guarded(&job.columns) + "\n")];
        let mut after = 0;
        loop {
            let filter = RowFilter {
                status: Some(RowStatus::Error),
                after,
            };
            let rows = self
                .rows(
                    caller,
                    job,
                    ListRows {
                        filter,
                        limit: PAGE,
                    },
                )
                .await?;
            let Some(last) = rows.last() else { break };
            after = last.row;
            let lines: String = rows
                .iter()
                .filter_map(|row| row.source.as_deref())
                .map(|line| guarded(&cells_of(line)) + "\n")
                .collect();
            pages.push(Bytes::from(lines));
        }
        Ok(futures::stream::iter(pages.into_iter().map(Ok)).boxed())
    }
}

/// Returns a record with guarded cells, as in every file that is written here: readers of
/// files remove the guard.
fn guarded(cells: &[String]) -> String {
    let guarded = cells.iter().map(|cell| guard_formula(cell).into_owned());
    as_csv(&guarded.collect::<Vec<_>>())
}

/// `rows.xlsx` → `rows.retry.csv`
fn retried_name(name: &str) -> String {
    let stem = name.split('.').next().unwrap_or(name);
    let stem: String = stem.chars().take(240).collect();
    format!("{stem}.retry.csv")
}
