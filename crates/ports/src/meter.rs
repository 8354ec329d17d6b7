//! Metrics of the work, for the operators of the service.

use std::time::Duration;

use accunode_domain::job::{JobCounts, JobStatus, Task};

/// A request that was answered. It contains no name of a user, of a tenant or of a row:
/// operators need none, and metrics are sent to places where logs are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnsweredRequest<'a> {
    /// The method, such as `GET`.
    pub method: &'a str,
    /// The path template of the operation, such as `/api/v1/companies/{id}`; `None` if no
    /// operation has the requested path.
    pub operation: Option<&'a str>,
    /// The status of the response.
    pub status: u16,
    /// The time from the request's head to the head of the response.
    pub took: Duration,
}

/// Counts work. Implementations must be quick, and cannot fail.
pub trait Meter: Send + Sync {
    /// Counts an answered request.
    fn answered(&self, request: &AnsweredRequest<'_>);
    /// Counts rows of a job whose outcome was stored.
    fn rows_stored(&self, task: &Task, counts: JobCounts);
    /// Counts a job that a worker of this process ended.
    fn job_ended(&self, task: &Task, status: JobStatus);
}

/// A meter that counts nothing, for commands and tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMeter;

impl Meter for NoMeter {
    fn answered(&self, _: &AnsweredRequest<'_>) {}
    fn rows_stored(&self, _: &Task, _: JobCounts) {}
    fn job_ended(&self, _: &Task, _: JobStatus) {}
}
