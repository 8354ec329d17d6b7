//! Bulk uploads and rescorings: the jobs, the outcomes of their rows, and the queue that hands
//! jobs to workers.

mod queue;

use accunode_domain::{
    access::{Grant, Scope},
    audit::RequestContext,
    company::CompanyProfile,
    fault::Fault,
    id::{ApiKeyId, CompanyId, JobId, OrganizationId, PredictionId},
    job::{
        Checkpoint, Job, JobCounts, JobOptions, JobStatus, JobType, JobWork, OtherCompany,
        Position, RowOutcome, RowStatus, Task,
    },
    page::{Limit, Page},
    prediction::{Kind, OnConflict, Outcome, Period, StoredRatios},
    risk::SectorScope,
};
use async_trait::async_trait;

#[cfg(feature = "mock")]
pub use queue::MockJobQueue;
pub use queue::{JOBS_AT_ONCE, JobQueue, Lease, OpenJobs, Renewal};

use super::{
    outcome_upload::OutcomeChunk,
    rescoring::{Rescorable, RescoredChunk, ToRescore},
};
use crate::{
    RepositoryError,
    budgets::{JobBudget, RowBudget},
};

/// An upload that has been received.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// The kind of predictions it makes.
    pub kind: Kind,
    /// The name the file had, cleaned.
    pub original_filename: String,
    /// Where the file store keeps it.
    pub file_key: String,
    /// In bytes.
    pub file_size: i64,
    /// SHA-256 in hexadecimal.
    pub file_hash: String,
    /// The options of the job.
    pub options: JobOptions,
    /// Whether the job reads that file, or scores stored predictions and has no file.
    pub task: Task,
    /// The key that makes two uploads of one owner the same; an upload with `None` equals no
    /// other.
    pub dedup_key: Option<String>,
    /// The id of the request that makes the job, for the log lines of its worker.
    pub request_id: Option<String>,
    /// The API key that makes the job, if one does.
    pub api_key: Option<ApiKeyId>,
    /// The limit for the sum of the owner's jobs, this one included.
    pub budget: JobBudget,
}

/// The filter of a list of jobs, applied in addition to its scope.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub struct JobFilter {
    /// Any of these statuses; all statuses if empty.
    pub statuses: Vec<JobStatus>,
    pub job_type: Option<JobType>,
    /// Any of these kinds of work; all kinds if empty.
    pub work: Vec<JobWork>,
}

/// The filter of the rows of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowFilter {
    /// Only rows with this outcome.
    pub status: Option<RowStatus>,
    /// Only rows after this row of the file.
    pub after: u32,
}

/// A row that is ready to be stored, or to be refused.
#[derive(Clone, Debug, PartialEq)]
pub struct ChunkRow {
    /// The row number in the file; the header is row 1.
    pub row: u32,
    /// The original row, as a CSV record.
    pub source: String,
    /// How the row is handled.
    pub result: RowResult,
}

/// How a row is handled.
#[derive(Clone, Debug, PartialEq)]
pub enum RowResult {
    /// The row makes a prediction, unless its company and period already have one.
    Scored(Box<ScoredRow>),
    /// The row cannot be used.
    Refused(Vec<Fault>),
    /// The row is no company, such as a total or a note, and is skipped.
    LeftOut(Vec<Fault>),
}

/// A row with everything that a prediction needs.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredRow {
    /// The id that the prediction gets if it is stored.
    pub id: PredictionId,
    /// The id that the company gets if it must be made.
    pub company_id: CompanyId,
    /// The company that the row names.
    pub company: CompanyProfile,
    /// Whether the row itself names the company and its sector, so that a difference from the
    /// stored company is worth a warning.
    pub names_company: bool,
    /// The period.
    pub period: Period,
    /// The ratios.
    pub ratios: StoredRatios,
    /// The result of the model.
    pub outcome: Outcome,
}

/// The result of undoing a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// Predictions that the job made and that were deleted.
    pub deleted: u64,
    /// Predictions that the job updated and that were restored to their previous values.
    pub restored: u64,
    /// Predictions that stay as they are, because they were changed since or the actor may not
    /// write them.
    pub kept: u64,
}

/// Some thousand rows of a job, stored in one transaction with their outcomes,
/// the counters, the checkpoint and one audit row.
#[derive(Clone, Debug)]
pub struct JobChunk {
    /// The grant for the owner of the rows.
    pub grant: Grant,
    /// The organization in which a symbol is looked up after the owner (personal jobs).
    pub home: Option<OrganizationId>,
    /// The job's kind.
    pub kind: Kind,
    /// How companies and periods that already have a prediction are handled.
    pub on_conflict: OnConflict,
    /// How rows are handled whose symbol is that of a company other than the one they name.
    pub other_company: OtherCompany,
    /// Whether nothing is stored in the end. The rows that would have been stored are kept with
    /// the job, so that they can be listed and later repetitions are recognized.
    pub dry_run: bool,
    /// The sectors that the model covers: a prediction for a company of another sector is
    /// flagged, whatever the file states about the company.
    pub sectors: SectorScope,
    /// The rows, in the order of the file.
    pub rows: Vec<ChunkRow>,
    /// The row of the job's checkpoint before these rows.
    pub follows: u32,
    /// The position of the job after these rows.
    pub checkpoint: Checkpoint,
    /// The number of rows of data in the file, once known.
    pub total_rows: Option<u32>,
    /// The number of failed and skipped rows that may be kept.
    pub row_budget: RowBudget,
    /// The context of the request, for the audit row.
    pub context: RequestContext,
    /// When the rows were scored.
    pub predicted_at: accunode_domain::Timestamp,
}

/// Reads bulk uploads and rescorings: tenant rows.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait JobRepository: Send + Sync {
    /// Returns the owner's job with this dedup key.
    async fn same_upload(
        &self,
        grant: Grant,
        dedup_key: &str,
    ) -> Result<Option<JobId>, RepositoryError>;
    /// Returns the job with this id.
    async fn find(&self, scope: &Scope, id: JobId) -> Result<Option<Job>, RepositoryError>;
    /// Returns how many jobs of the scope have each status; a status without jobs is omitted.
    async fn by_status(&self, scope: &Scope) -> Result<Vec<(JobStatus, u64)>, RepositoryError>;
    /// Returns a page, newest first.
    async fn list(
        &self,
        scope: &Scope,
        filter: &JobFilter,
        limit: Limit,
        after: Option<accunode_domain::page::Cursor>,
    ) -> Result<Page<Job>, RepositoryError>;
    /// Returns the outcomes of a job's rows, in the order of the file: those that are not ok
    /// from the kept rows, the others from the predictions that they made. Of a dry run, all
    /// rows are kept.
    async fn rows(
        &self,
        scope: &Scope,
        job: &Job,
        filter: RowFilter,
        limit: u32,
    ) -> Result<Vec<RowOutcome>, RepositoryError>;
    /// Returns how many predictions a rescoring would process now.
    async fn count_to_rescore(&self, wanted: &ToRescore) -> Result<u32, RepositoryError>;
    /// Returns some of these predictions, oldest first, after a position.
    async fn to_rescore(
        &self,
        wanted: &ToRescore,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Vec<Rescorable>, RepositoryError>;
}

/// Changes bulk uploads and rescorings, each by a grant for rows of its owner, and stores their
/// results under the lease of the worker.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait JobWriter: Send + Sync {
    /// Stores a job and wakes a worker at commit. The owner's other jobs are added up under a
    /// lock that is held until the unit of work ends, so that two concurrent jobs never both
    /// pass where only one fits.
    ///
    /// # Errors
    /// `OverBudget` if the owner's jobs would exceed [`NewJob::budget`]; `Conflict` with
    /// `SameUpload`.
    async fn add(&self, grant: Grant, job: &NewJob) -> Result<Job, RepositoryError>;
    /// Stores a chunk, under the lease, in the unit of work. Companies are found or made; rows
    /// of the same company and period are resolved by `on_conflict` within the chunk and against
    /// stored predictions. Returns how many rows had which outcome.
    ///
    /// A chunk may be stored while the chunk before it is not yet committed, if the two have no
    /// company and period in common. It then waits for the end of that unit of work.
    ///
    /// # Errors
    /// `Stale` if the worker no longer holds the lease, or the chunk is already stored;
    /// `Unavailable` with [`Contention`](crate::Contention) if the job does not stand at
    /// [`JobChunk::follows`] when it is the chunk's turn. Nothing of the chunk may be committed
    /// then.
    async fn store_chunk(
        &self,
        scope: &Scope,
        lease: &Lease,
        chunk: &JobChunk,
    ) -> Result<JobCounts, RepositoryError>;
    /// Stores a chunk of a rescoring, under the lease, in the unit of work, and returns how many
    /// rows had which outcome. A prediction that was changed or deleted since it was read is
    /// skipped; a prediction that the actor may not write is an error.
    ///
    /// # Errors
    /// `Stale` if the worker no longer holds the lease: nothing of the chunk may be committed
    /// then.
    async fn store_rescored(
        &self,
        lease: &Lease,
        chunk: &RescoredChunk,
    ) -> Result<JobCounts, RepositoryError>;
    /// Stores a chunk of an upload of outcomes, under the lease, in the unit of work, and
    /// returns how many rows had which outcome. An outcome that is already recorded is skipped.
    ///
    /// # Errors
    /// `Stale` if the worker no longer holds the lease: nothing of the chunk may be committed
    /// then.
    async fn store_outcomes(
        &self,
        scope: &Scope,
        lease: &Lease,
        chunk: &OutcomeChunk,
    ) -> Result<JobCounts, RepositoryError>;
    /// Asks a job to stop: at once if no worker has it, otherwise at its next chunk.
    ///
    /// # Errors
    /// `Stale` if it has already ended or belongs to another owner.
    async fn request_cancel(&self, grant: Grant, id: JobId) -> Result<Job, RepositoryError>;
    /// Makes a job that failed or was cancelled wait for a worker again; the worker continues
    /// after its checkpoint. `dedup_key` as in [`NewJob`]. Its owner may have `open_jobs` jobs
    /// that have not ended, this one included; 0 means no limit.
    ///
    /// # Errors
    /// `Stale` if it has not ended, is completed or belongs to another owner; `Conflict` with
    /// `SameUpload` if another job has the key; `OverBudget`.
    async fn resume<'a>(
        &self,
        grant: Grant,
        id: JobId,
        dedup_key: Option<&'a str>,
        open_jobs: u32,
    ) -> Result<Job, RepositoryError>;
    /// Removes a job that has ended, with its rows. If `predictions` is set, the job is undone
    /// first, and the result of that is returned.
    ///
    /// # Errors
    /// `Stale` while it is running, or if it belongs to another owner.
    async fn remove(
        &self,
        grant: Grant,
        id: JobId,
        predictions: bool,
    ) -> Result<Undone, RepositoryError>;
}
