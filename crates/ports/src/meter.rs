//! What is counted of the work, for those who operate the service.

use std::time::Duration;

use accunode_domain::job::{JobCounts, JobStatus, Task};

/// A request that was answered. It has no name of a user, of a tenant or of a row: those
/// who watch the service need none, and figures go where logs do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnsweredRequest<'a> {
    /// The method, such as `GET`.
    pub method: &'a str,
    /// The path of the operation with its parameters unfilled, such as
    /// `/api/v1/companies/{id}`; `None` where no operation has the path that was asked for.
    pub operation: Option<&'a str>,
    /// The status of the answer.
    pub status: u16,
    /// From the request's head to the head of the answer.
    pub took: Duration,
}

/// Counts what was done. It must be quick, and cannot fail.
pub trait Meter: Send + Sync {
    /// A request was answered.
    fn answered(&self, request: &AnsweredRequest<'_>);
    /// Rows of a job have their outcome, and it is stored.
    fn rows_stored(&self, task: &Task, counts: JobCounts);
    /// A worker of this process ended a job.
    fn job_ended(&self, task: &Task, status: JobStatus);
}

/// Counts nothing: for commands and tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMeter;

impl Meter for NoMeter {
    fn answered(&self, _: &AnsweredRequest<'_>) {}
    fn rows_stored(&self, _: &Task, _: JobCounts) {}
    fn job_ended(&self, _: &Task, _: JobStatus) {}
}
