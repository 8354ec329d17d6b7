//! The queue of bulk uploads: which worker has which job, and until when.

use std::time::Duration;

use accunode_domain::{
    fault::Fault,
    id::JobId,
    job::{Job, JobStatus, JobWarning},
};
use async_trait::async_trait;
use uuid::Uuid;

use crate::RepositoryError;

/// Proof that a worker has a job. A worker with an older lease cannot store anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// The fencing token.
    pub token: Uuid,
}

/// Whether a worker may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// The lease was renewed.
    Continue,
    /// The creator has asked the job to stop.
    CancelRequested,
    /// Another worker has the job now.
    Lost,
}

/// The number of open jobs with a status, and for how long the oldest has had it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OpenJobs {
    /// Pending or processing.
    pub status: JobStatus,
    /// The number of jobs.
    pub jobs: u64,
    /// Seconds since the oldest was uploaded (pending) or claimed for the first time
    /// (processing); 0 if there is no job.
    pub oldest_seconds: f64,
}

/// How many jobs one worker process works on at once. The queue gives fewer of them to one
/// owner, and a file store can read as many files at once; otherwise the job of one owner would
/// delay the job of the next.
pub const JOBS_AT_ONCE: usize = 2;

/// The queue. It sees the jobs of all owners and nothing else.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait JobQueue: Send + Sync {
    /// Claims the next job: a pending one, or one whose lease ran out. Owners take turns.
    async fn claim(&self) -> Result<Option<(Job, Lease)>, RepositoryError>;
    /// Renews the lease and returns whether to continue.
    async fn renew(&self, lease: &Lease) -> Result<Renewal, RepositoryError>;
    /// Stores the columns of the file and the warnings about the file as a whole.
    ///
    /// # Errors
    /// `Stale` if the lease is lost.
    async fn describe(
        &self,
        lease: &Lease,
        columns: &[String],
        warnings: &[JobWarning],
    ) -> Result<(), RepositoryError>;
    /// Ends the job. `error` is the reason why it failed. `total_rows` is the number of rows
    /// that were read, if all were read.
    ///
    /// # Errors
    /// `Stale` if the lease is lost; `Conflict("bulk_jobs_completed")` for completing a job in
    /// which some rows have no outcome.
    async fn finish(
        &self,
        lease: &Lease,
        status: JobStatus,
        error: Option<Fault>,
        total_rows: Option<u32>,
    ) -> Result<(), RepositoryError>;
    /// Frees every job that a worker holds, so that it can be claimed at once, and returns
    /// their number. Only for a process that knows that no other process works on jobs: it has
    /// just started, and the processes that held the jobs were killed. Their leases are void
    /// from then on, so that a process that is still alive cannot store anything.
    async fn free_all(&self) -> Result<u64, RepositoryError>;
    /// Resumes a job after an outage: renews the lease and returns the current state of the
    /// job. `None` if the lease is lost or the job has ended.
    async fn resume(&self, lease: &Lease) -> Result<Option<Job>, RepositoryError>;
    /// Ends an attempt that failed and may succeed later: the job can be claimed after `pause`.
    /// `cause` is stored, because the error of a job that is given up contains it.
    ///
    /// # Errors
    /// `Stale` if the lease is lost.
    async fn interrupt(
        &self,
        lease: &Lease,
        cause: &Fault,
        pause: Duration,
    ) -> Result<(), RepositoryError>;
    /// Takes back one attempt of a job whose lease ran out while the storage was unavailable
    /// and which another worker has claimed since.
    async fn refund_attempt(&self, job: JobId) -> Result<(), RepositoryError>;
    /// Releases a job for another worker at once, when this worker shuts down.
    async fn release(&self, lease: &Lease) -> Result<(), RepositoryError>;
    /// Returns the open jobs of all owners, by status.
    async fn open_jobs(&self) -> Result<Vec<OpenJobs>, RepositoryError>;
    /// Returns those of these files that no job refers to. Returns none while there is no job
    /// at all: such a database is new or the wrong one, and says nothing about files.
    async fn files_without_job(&self, keys: &[String]) -> Result<Vec<String>, RepositoryError>;
    /// Returns when a new job may be available, or after the polling interval. A notification
    /// is only a hint; the table decides.
    async fn wait(&self);
    /// Returns when a job may have progressed, or after the polling interval.
    async fn wait_for_change(&self, job: JobId);
}
