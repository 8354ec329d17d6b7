//! Bulk uploads and rescorings: the jobs, the outcomes of their rows, and the queue that hands
//! jobs to workers.

mod queue;

use accunode_domain::{
    access::{Grant, Scope},
    audit::RequestContext,
    company::CompanyProfile,
    fault::Fault,
    id::{CompanyId, JobId, OrganizationId, PredictionId},
    job::{
        Checkpoint, Job, JobCounts, JobOptions, JobStatus, JobType, OtherCompany, Position,
        RowOutcome, RowStatus, Task,
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
    /// What it is asked to do.
    pub options: JobOptions,
    /// Whether it reads that file, or scores what is there and has none.
    pub task: Task,
    /// What makes two uploads of one owner the same; `None` never does.
    pub dedup_key: Option<String>,
    /// The id of the request that makes it, for the log lines of its worker.
    pub request_id: Option<String>,
    /// What the jobs of the owner may add up to with this one.
    pub budget: JobBudget,
}

/// What a list of jobs is narrowed to, beside its scope.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub struct JobFilter {
    /// Any of these; all where there is none.
    pub statuses: Vec<JobStatus>,
    pub job_type: Option<JobType>,
}

/// Which rows of a job are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowFilter {
    /// With this outcome only.
    pub status: Option<RowStatus>,
    /// After this row of the file.
    pub after: u32,
}

/// A row that is ready to be stored, or to be refused.
#[derive(Clone, Debug, PartialEq)]
pub struct ChunkRow {
    /// The row in its file; the header is row 1.
    pub row: u32,
    /// The row as it came, a CSV record.
    pub source: String,
    /// What is to become of it.
    pub verdict: RowVerdict,
}

/// What is to become of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum RowVerdict {
    /// It makes a prediction, unless its company and period are already there.
    Scored(Box<ScoredRow>),
    /// It cannot be used.
    Refused(Vec<Fault>),
    /// It is no company, such as a total or a note, and is skipped.
    LeftOut(Vec<Fault>),
}

/// A row with everything that a prediction needs.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredRow {
    /// The id the prediction gets where it is stored.
    pub id: PredictionId,
    /// The id the company gets where it has to be made.
    pub company_id: CompanyId,
    /// The company that the row names.
    pub company: CompanyProfile,
    /// Whether the row names it and its sector itself, so that a difference from
    /// the company that is there is worth a word.
    pub names_company: bool,
    /// The period.
    pub period: Period,
    /// The ratios.
    pub ratios: StoredRatios,
    /// What the model said.
    pub outcome: Outcome,
}

/// What came of undoing a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// Predictions that it made and that are gone now.
    pub deleted: u64,
    /// Predictions that it updated and that are again what they were before.
    pub restored: u64,
    /// Predictions that stay as they are: they were changed since, or the actor may not write
    /// them.
    pub kept: u64,
}

/// Some thousand rows of a job, stored in one transaction with their outcomes,
/// the counters, the checkpoint and one audit row.
#[derive(Clone, Debug)]
pub struct JobChunk {
    /// Whose rows they become.
    pub grant: Grant,
    /// The organization in which a symbol is looked up after the owner's (personal jobs).
    pub home: Option<OrganizationId>,
    /// The job's kind.
    pub kind: Kind,
    /// What happens to companies and periods that are already there.
    pub on_conflict: OnConflict,
    /// What happens to rows that name another company than their symbol found.
    pub other_company: OtherCompany,
    /// Whether everything but storing is done. What would have been stored is kept
    /// with the job, so that its rows can be told and later repetitions are known.
    pub dry_run: bool,
    /// The sectors that the model takes as its own: a prediction on a company of
    /// another one is flagged, whatever the file says of the company.
    pub sectors: SectorScope,
    /// The rows, in the file's order.
    pub rows: Vec<ChunkRow>,
    /// Where the job stands after them.
    pub checkpoint: Checkpoint,
    /// Rows of data in the file, once known.
    pub total_rows: Option<u32>,
    /// How many failed and skipped rows are kept.
    pub row_budget: RowBudget,
    /// For the audit row.
    pub context: RequestContext,
    /// When the rows were scored.
    pub predicted_at: accunode_domain::Timestamp,
}

/// Reads bulk uploads and rescorings: tenant rows.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait JobRepository: Send + Sync {
    /// The owner's job with this dedup key.
    async fn same_upload(
        &self,
        grant: Grant,
        dedup_key: &str,
    ) -> Result<Option<JobId>, RepositoryError>;
    /// By id.
    async fn find(&self, scope: &Scope, id: JobId) -> Result<Option<Job>, RepositoryError>;
    /// How many jobs of the scope have each status; a status that none has is absent.
    async fn by_status(&self, scope: &Scope) -> Result<Vec<(JobStatus, u64)>, RepositoryError>;
    /// A page, newest first.
    async fn list(
        &self,
        scope: &Scope,
        filter: &JobFilter,
        limit: Limit,
        after: Option<accunode_domain::page::Cursor>,
    ) -> Result<Page<Job>, RepositoryError>;
    /// What became of its rows, in the file's order: those that are not ok from
    /// what was kept of them, the rest from the predictions they made. Of a dry run
    /// all are kept.
    async fn rows(
        &self,
        scope: &Scope,
        job: &Job,
        filter: RowFilter,
        limit: u32,
    ) -> Result<Vec<RowOutcome>, RepositoryError>;
    /// How many predictions a rescoring is about, at this moment.
    async fn count_to_rescore(&self, wanted: &ToRescore) -> Result<u32, RepositoryError>;
    /// Some of them, oldest first, behind a position.
    async fn to_rescore(
        &self,
        wanted: &ToRescore,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Vec<Rescorable>, RepositoryError>;
}

/// Changes bulk uploads and rescorings, each by a grant for rows of its owner, and stores what
/// they make under the lease of the worker.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait JobWriter: Send + Sync {
    /// Stores a job and wakes a worker at commit. The owner's other jobs are added up
    /// under a lock that is held until the unit of work ends, so that two of them never
    /// pass together where one fits.
    ///
    /// # Errors
    /// `OverBudget` where the owner's jobs would exceed [`NewJob::budget`]; `Conflict`
    /// with `SameUpload`.
    async fn add(&self, grant: Grant, job: &NewJob) -> Result<Job, RepositoryError>;
    /// Stores a chunk, under the lease, in the unit of work. Companies are found or
    /// made, rows of one company and period resolved by `on_conflict` within the
    /// chunk and against what is there; gives back how many had which outcome.
    ///
    /// # Errors
    /// `Stale` where the lease is not ours any more: nothing of the chunk may be
    /// committed then.
    async fn store_chunk(
        &self,
        scope: &Scope,
        lease: &Lease,
        chunk: &JobChunk,
    ) -> Result<JobCounts, RepositoryError>;
    /// Stores a chunk of a rescoring, under the lease, in the unit of work, and gives
    /// back how many rows had which outcome. A prediction that was changed or went
    /// since it was read is skipped, one that the actor may not write an error.
    ///
    /// # Errors
    /// `Stale` where the lease is not ours any more: nothing of the chunk may be
    /// committed then.
    async fn store_rescored(
        &self,
        lease: &Lease,
        chunk: &RescoredChunk,
    ) -> Result<JobCounts, RepositoryError>;
    /// Stores a chunk of an upload of outcomes, under the lease, in the unit of work, and gives
    /// back how many rows had which outcome. What is recorded already is skipped.
    ///
    /// # Errors
    /// `Stale` where the lease is not ours any more: nothing of the chunk may be
    /// committed then.
    async fn store_outcomes(
        &self,
        scope: &Scope,
        lease: &Lease,
        chunk: &OutcomeChunk,
    ) -> Result<JobCounts, RepositoryError>;
    /// Asks a job to stop: at once where no worker has it, else at its next chunk.
    ///
    /// # Errors
    /// `Stale` where it has ended already or is another owner's.
    async fn request_cancel(&self, grant: Grant, id: JobId) -> Result<Job, RepositoryError>;
    /// Makes a job that failed or was cancelled wait for a worker again, which goes on after its
    /// checkpoint. `dedup_key` as in [`NewJob`]. Its owner may have `open_jobs` jobs that have
    /// not ended, with this one; 0 is no limit.
    ///
    /// # Errors
    /// `Stale` where it has not ended, is completed or is another owner's; `Conflict` with
    /// `SameUpload` where another job has the key; `OverBudget`.
    async fn resume<'a>(
        &self,
        grant: Grant,
        id: JobId,
        dedup_key: Option<&'a str>,
        open_jobs: u32,
    ) -> Result<Job, RepositoryError>;
    /// Removes a job that has ended, with its rows. Where `predictions` is set it is undone
    /// first, and what came of that is given back.
    ///
    /// # Errors
    /// `Stale` while it is running, or where it is another owner's.
    async fn remove(
        &self,
        grant: Grant,
        id: JobId,
        predictions: bool,
    ) -> Result<Undone, RepositoryError>;
}
