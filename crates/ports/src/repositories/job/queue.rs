//! The queue of bulk uploads: who works on what, and until when.

use std::time::Duration;

use accunode_domain::{
    fault::Fault,
    id::JobId,
    job::{Job, JobStatus, JobWarning},
};
use async_trait::async_trait;
use uuid::Uuid;

use crate::RepositoryError;

/// That a worker has a job. A worker that holds an older one can store nothing.
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
    /// The lease runs on.
    Continue,
    /// The creator wants the job to stop.
    CancelRequested,
    /// Another worker has the job now.
    Lost,
}

/// How many open jobs have a status, and for how long the oldest has had it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OpenJobs {
    /// Pending or processing.
    pub status: JobStatus,
    /// How many there are.
    pub jobs: u64,
    /// Seconds since the oldest was handed in (pending) or taken for the first time
    /// (processing); 0 where there is none.
    pub oldest_seconds: f64,
}

/// How many jobs one worker process works on at once. The queue gives fewer of them to one
/// owner, and a file store can read as many files at once: otherwise one owner's job would
/// keep the next owner's waiting.
pub const JOBS_AT_ONCE: usize = 2;

/// The queue. It sees the jobs of everyone and nothing else.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait JobQueue: Send + Sync {
    /// Takes the next job: pending, or with a lease that ran out. Owners take turns.
    async fn claim(&self) -> Result<Option<(Job, Lease)>, RepositoryError>;
    /// Makes the lease last again, and says whether to go on.
    async fn renew(&self, lease: &Lease) -> Result<Renewal, RepositoryError>;
    /// Notes the columns of the file and what an analyst should know of the whole of it.
    ///
    /// # Errors
    /// `Stale` where the lease is lost.
    async fn describe(
        &self,
        lease: &Lease,
        columns: &[String],
        warnings: &[JobWarning],
    ) -> Result<(), RepositoryError>;
    /// Ends the job. `error` says why it failed. `total_rows` is how many rows were read, where
    /// all were.
    ///
    /// # Errors
    /// `Stale` where the lease is lost; `Conflict("bulk_jobs_completed")` for completing a
    /// job of which not every row has an outcome.
    async fn finish(
        &self,
        lease: &Lease,
        status: JobStatus,
        error: Option<Fault>,
        total_rows: Option<u32>,
    ) -> Result<(), RepositoryError>;
    /// Frees every job that a worker holds, so that it can be claimed at once, and answers
    /// how many there were. Only for a process that knows that no other one works: it has
    /// just started, and those who held the jobs were killed. Their leases are void
    /// from then on, so that one that lives after all can store nothing.
    async fn free_all(&self) -> Result<u64, RepositoryError>;
    /// Takes a job up again after an outage: makes the lease last again and reads the job as
    /// it stands. `None` where the lease is lost or the job has ended.
    async fn resume(&self, lease: &Lease) -> Result<Option<Job>, RepositoryError>;
    /// Ends an attempt that failed and may not fail again: the job can be taken after `pause`.
    /// `cause` is kept, for a job that is given up names it.
    ///
    /// # Errors
    /// `Stale` where the lease is lost.
    async fn interrupt(
        &self,
        lease: &Lease,
        cause: &Fault,
        pause: Duration,
    ) -> Result<(), RepositoryError>;
    /// Takes back one attempt of a job whose lease ran out while the storage was away and
    /// which another worker has taken since.
    async fn forgive(&self, job: JobId) -> Result<(), RepositoryError>;
    /// Gives a job back for another worker at once, when this one shuts down.
    async fn release(&self, lease: &Lease) -> Result<(), RepositoryError>;
    /// The open jobs of everyone, by status.
    async fn open_jobs(&self) -> Result<Vec<OpenJobs>, RepositoryError>;
    /// Which of these files no job speaks of. None while there is no job at all: such a
    /// database is new or the wrong one, and says nothing about files.
    async fn files_without_job(&self, keys: &[String]) -> Result<Vec<String>, RepositoryError>;
    /// Returns when a job may have come, or after the polling interval: what wakes
    /// is a hint, the table is the truth.
    async fn wait(&self);
    /// Returns when a job may have moved, or after the polling interval.
    async fn moved(&self, job: JobId);
}
