//! Runs a job under its lease until its end, through outages of the database.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use accunode_domain::{
    fault::Fault,
    job::{Job, JobStatus, Task},
};
use accunode_ports::{
    Conflict, PortError, RepositoryError,
    repositories::{Lease, Renewal},
};
use tokio::{sync::watch, task::JoinHandle};

use super::BulkUploads;
use crate::Error;

/// How often a lease is renewed while a job runs.
const HEARTBEAT: Duration = Duration::from_secs(8);
/// How long the uncommitted chunk may take when the process stops. After that the job is returned
/// to the queue without it: the lease is void then, so that the chunk cannot be stored.
const LAST_CHUNK: Duration = Duration::from_secs(10);
/// The pause before the database is first asked again after an outage began; it doubles with each
/// further attempt.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause of an outage.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The pause after the first failed attempt at a job; it doubles with each further attempt.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// Why a job stopped before its end.
pub(super) enum StopReason {
    /// The job cannot be done; the fault is shown to its creator.
    Failed(Fault),
    /// The job was cancelled.
    Cancelled,
    /// This process shuts down.
    Stopped,
    /// Another worker has claimed the job.
    Lost,
    /// The database is unavailable: the worker waits, and no attempt is used up.
    Outage(Error),
    /// A failure that may not happen again: another attempt is made, up to a limit.
    Failure(Error),
}

impl StopReason {
    /// Stops because of a file that cannot be processed. A job has one fault: the first, with the
    /// details of the others appended.
    pub(super) fn unusable(faults: Vec<Fault>) -> Self {
        let mut faults = faults.into_iter();
        let Some(first) = faults.next() else {
            return Self::Failed(Fault::new(
                "/file",
                "malformed_file",
                "the file cannot be read",
            ));
        };
        let details: Vec<String> = std::iter::once(first.detail)
            .chain(faults.map(|fault| fault.detail))
            .collect();
        Self::Failed(Fault::new(first.pointer, first.code, details.join("; ")))
    }
}

impl From<Error> for StopReason {
    fn from(error: Error) -> Self {
        match error {
            Error::Stale => Self::Lost,
            Error::Invalid(faults) if !faults.is_empty() => Self::unusable(faults),
            other if other.is_outage() => Self::Outage(other),
            other => Self::Failure(other),
        }
    }
}

impl From<RepositoryError> for StopReason {
    fn from(error: RepositoryError) -> Self {
        Error::from(error).into()
    }
}

/// Pauses that double up to a limit.
struct Backoff(Duration);

impl Backoff {
    const fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(LONGEST_PAUSE);
        pause
    }
}

impl BulkUploads {
    /// Runs a job until its end, or until `stop` turns true.
    ///
    /// After an outage of the database the job is read again, because only its checkpoint shows
    /// whether the chunk that was being committed is stored.
    pub async fn process(&self, job: Job, lease: Lease, stop: &watch::Receiver<bool>) {
        let _running = Running::note(self);
        let mut job = job;
        let mut pauses = Backoff::new();
        loop {
            let beat = Heartbeat::start(self, lease);
            let work = async {
                match &job.task {
                    Task::Upload => self.try_process(&job, &lease, stop).await,
                    Task::Outcomes => self.try_record(&job, &lease, stop).await,
                    Task::Rescore(rescoring) => {
                        self.try_rescore(&job, rescoring, &lease, stop).await
                    }
                    Task::Validate => self.try_validate(&job, &lease, stop).await,
                }
            };
            let outcome = tokio::select! {
                outcome = work => outcome,
                () = overdue(stop) => Err(StopReason::Stopped),
            };
            drop(beat);
            let Err(error) = self.close(&job, &lease, outcome).await else {
                return;
            };
            tracing::warn!(
                job = %job.id,
                error = &error as &dyn std::error::Error,
                "the database is away; the job goes on when it is back"
            );
            let Some(found) = self.wait_for_database(&lease, stop, &mut pauses).await else {
                return;
            };
            if found.checkpoint != job.checkpoint {
                pauses = Backoff::new();
            }
            job = found;
        }
    }

    /// Records why a job stopped, or that it is completed.
    ///
    /// # Errors
    /// If the database is unavailable.
    async fn close(
        &self,
        job: &Job,
        lease: &Lease,
        outcome: Result<u32, StopReason>,
    ) -> Result<(), Error> {
        let (queue, id) = (&self.ports.queue, job.id);
        let closed = match outcome {
            Ok(rows) => self.complete(job, lease, rows).await,
            Err(StopReason::Failed(fault)) => {
                tracing::info!(job = %id, code = fault.code, "job failed");
                self.finish(job, lease, JobStatus::Failed, Some(fault), None)
                    .await
            }
            Err(StopReason::Cancelled) => {
                self.finish(job, lease, JobStatus::Cancelled, None, None)
                    .await
            }
            Err(StopReason::Stopped) => queue.release(lease).await,
            Err(StopReason::Lost) => Err(RepositoryError::Stale { what: "lease" }),
            Err(StopReason::Outage(error)) => return Err(error),
            Err(StopReason::Failure(error)) => {
                tracing::error!(job = %id, error = &error as &dyn std::error::Error, "an attempt at a job failed");
                let pause = AFTER_FAILURE * 2_u32.pow(job.attempts.min(5));
                queue.interrupt(lease, &cause_of(&error), pause).await
            }
        };
        match closed.map_err(Error::from) {
            Ok(()) => Ok(()),
            Err(Error::Stale) => {
                tracing::warn!(job = %id, "another worker has taken this job");
                Ok(())
            }
            Err(error) if error.is_outage() => Err(error),
            Err(error) => {
                tracing::error!(job = %id, error = &error as &dyn std::error::Error, "the end of a job could not be noted; it is taken up again");
                Ok(())
            }
        }
    }

    /// Completes a job of which this number of rows were read. A job in which a row has no outcome
    /// fails instead.
    async fn complete(&self, job: &Job, lease: &Lease, rows: u32) -> Result<(), RepositoryError> {
        let completed = self
            .finish(job, lease, JobStatus::Completed, None, Some(rows))
            .await;
        match completed {
            Ok(()) => {
                tracing::info!(job = %lease.job, rows, "job completed");
                Ok(())
            }
            Err(error) if error.conflict() == Some(Conflict::RowsUnaccounted) => {
                tracing::error!(
                    job = %lease.job,
                    rows,
                    error = &error as &(dyn std::error::Error + 'static),
                    "rows of a job have no outcome"
                );
                let fault = Fault::new(
                    "/file",
                    "rows_unaccounted",
                    format!(
                        "{rows} rows were read and not each of them has an outcome; what was \
                         stored stays. This is a defect: tell those who operate the service"
                    ),
                );
                self.finish(job, lease, JobStatus::Failed, Some(fault), None)
                    .await
            }
            other => other,
        }
    }

    /// Ends the job, and counts it in the metrics.
    async fn finish(
        &self,
        job: &Job,
        lease: &Lease,
        status: JobStatus,
        error: Option<Fault>,
        total_rows: Option<u32>,
    ) -> Result<(), RepositoryError> {
        let queue = &self.ports.queue;
        // Those who learn that the job has ended must find its rows.
        self.ports.note_write_or_wait(job.created_by).await;
        queue.finish(lease, status, error, total_rows).await?;
        self.ports.note_write(job.created_by).await;
        self.ports.meter.job_ended(&job.task, status);
        Ok(())
    }

    /// Waits until the database answers, and reads the job again. `None` if this worker does not
    /// have the job any more, or the process stops.
    async fn wait_for_database(
        &self,
        lease: &Lease,
        stop: &watch::Receiver<bool>,
        pauses: &mut Backoff,
    ) -> Option<Job> {
        let (queue, mut stop) = (&self.ports.queue, stop.clone());
        loop {
            tokio::select! {
                () = tokio::time::sleep(pauses.next()) => {}
                _ = stop.wait_for(|stop| *stop) => return None,
            }
            let found = match queue.resume(lease).await {
                Ok(Some(job)) => return Some(job),
                // Its lease ran out meanwhile: the attempt of the worker that claimed it must not
                // count against the job.
                Ok(None) => queue.refund_attempt(lease.job).await,
                Err(error) => Err(error),
            };
            match found.map_err(Error::from) {
                Ok(()) => {
                    tracing::warn!(job = %lease.job, "another worker has taken this job");
                    return None;
                }
                Err(error) if error.is_outage() => {
                    tracing::debug!(job = %lease.job, %error, "the database is still away");
                }
                Err(error) => {
                    tracing::error!(job = %lease.job, error = &error as &dyn std::error::Error, "a job could not be taken up again");
                    return None;
                }
            }
        }
    }
}

/// The fault that reports a failed attempt. The cause itself is only logged.
fn cause_of(error: &Error) -> Fault {
    let (code, detail) = match error {
        Error::Unavailable(cause) if cause.is::<PortError>() => (
            "file_unavailable",
            "the file store did not give the file, or gave only a part of it",
        ),
        Error::Unavailable(_) => (
            "database_busy",
            "the database took too long to store the next rows",
        ),
        _ => (
            "internal_error",
            "an internal error, which the log tells of under the id of this job",
        ),
    };
    Fault::new("/file", code, detail)
}

/// Waits until a job that should stop has not reached its next chunk in time.
async fn overdue(stop: &watch::Receiver<bool>) {
    let mut stop = stop.clone();
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Nothing can ask it to stop any more, so it runs to its end.
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(LAST_CHUNK).await;
}

/// Counts a job among those that run, as long as the value lives.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn note(bulk: &BulkUploads) -> Self {
        bulk.running.fetch_add(1, Ordering::Relaxed);
        Self(bulk.running.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Renews a lease while an operation takes longer than a chunk, like opening a large workbook.
/// Whether the lease is still ours is checked before each chunk.
struct Heartbeat(JoinHandle<()>);

impl Heartbeat {
    fn start(bulk: &BulkUploads, lease: Lease) -> Self {
        let queue = bulk.ports.queue.clone();
        Self(bulk.ports.tasks.background(async move {
            loop {
                tokio::time::sleep(HEARTBEAT).await;
                match queue.renew(&lease).await {
                    Ok(Renewal::Lost) => return,
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(job = %lease.job, %error, "a lease could not be renewed");
                    }
                }
            }
        }))
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.abort();
    }
}
