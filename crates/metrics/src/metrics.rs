//! Metrics that are counted and timed while the process works.

use std::time::Duration;

use accunode_domain::job::{JobCounts, JobStatus, Task};
use accunode_ports::meter::{AnsweredRequest, Meter};
use prometheus_client::{
    encoding::prometheus_text::encode,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use crate::{
    Snapshot,
    labels::{Attempt, Budget, EndedJobs, Operation, Outcome, Request, Rows, ScoredRows, Scoring},
};

/// The buckets of response times, in seconds: from cached responses to those that exceed every
/// time limit.
const REQUEST_SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];
/// The buckets of a model's call, in seconds: a single company takes microseconds, a chunk of
/// thousands more.
const MODEL_SECONDS: [f64; 10] = [
    0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0,
];
/// The buckets of sending a mail to its server, in seconds.
const MAIL_SECONDS: [f64; 7] = [0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// All metrics, without the prefix `accunode_` and as they are scraped. Dashboards, alerts and
/// the documentation are compared with this list, and a test compares it with the output.
pub const NAMES: &[&str] = &[
    "build_info",
    "cache_lookups_total",
    "database_connections",
    "database_connections_max",
    "database_connections_refused_total",
    "disk_free_bytes",
    "disk_total_bytes",
    "event_streams_open",
    "http_request_duration_seconds",
    "http_requests_total",
    "job_oldest_seconds",
    "job_rows_total",
    "jobs",
    "jobs_ended_total",
    "login_attempts_total",
    "mail_duration_seconds",
    "mails_total",
    "mails_waiting",
    "maintenance_failures",
    "maintenance_last_success_seconds",
    "model_duration_seconds",
    "model_rows_total",
    "models_refused",
    "process_start_time_seconds",
    "rate_limited_total",
    "readiness_failing",
    "ready",
    "replica_behind_seconds",
    "replica_used",
    "session_lookups_total",
    "session_refreshes_total",
    "sessions_ended_total",
    "sessions_started_total",
    "work_refused_total",
    "work_running",
];

/// A histogram for each label set.
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

fn histograms<L: Clone + std::hash::Hash + Eq>(constructor: fn() -> Histogram) -> Histograms<L> {
    Family::new_with_constructor(constructor)
}

/// The metrics of a process. Each service has its own.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    request_seconds: Histograms<Operation>,
    job_rows: Family<Rows, Counter>,
    jobs_ended: Family<EndedJobs, Counter>,
    pub(crate) cache_lookups: Family<Outcome, Counter>,
    pub(crate) rate_limited: Family<Budget, Counter>,
    pub(crate) login_attempts: Family<Attempt, Counter>,
    pub(crate) session_lookups: Family<Outcome, Counter>,
    pub(crate) session_refreshes: Family<Outcome, Counter>,
    pub(crate) sessions_started: Counter,
    pub(crate) sessions_ended: Counter,
    pub(crate) model_seconds: Histograms<Scoring>,
    pub(crate) model_rows: Family<ScoredRows, Counter>,
    pub(crate) mails: Family<Outcome, Counter>,
    pub(crate) mail_seconds: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Creates metrics with nothing counted.
    #[must_use]
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("accunode"),
            requests: Family::default(),
            request_seconds: histograms(|| Histogram::new(REQUEST_SECONDS)),
            job_rows: Family::default(),
            jobs_ended: Family::default(),
            cache_lookups: Family::default(),
            rate_limited: Family::default(),
            login_attempts: Family::default(),
            session_lookups: Family::default(),
            session_refreshes: Family::default(),
            sessions_started: Counter::default(),
            sessions_ended: Counter::default(),
            model_seconds: histograms(|| Histogram::new(MODEL_SECONDS)),
            model_rows: Family::default(),
            mails: Family::default(),
            mail_seconds: Histogram::new(MAIL_SECONDS),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let Self { registry, .. } = self;
        registry.register(
            "http_requests",
            "Requests that were answered, by operation and status",
            self.requests.clone(),
        );
        registry.register(
            "http_request_duration_seconds",
            "From the head of a request to the head of its answer",
            self.request_seconds.clone(),
        );
        registry.register(
            "job_rows",
            "Rows of uploads and rescorings whose outcome was stored",
            self.job_rows.clone(),
        );
        registry.register(
            "jobs_ended",
            "Uploads and rescorings that a worker of this process ended",
            self.jobs_ended.clone(),
        );
        registry.register(
            "cache_lookups",
            "Look-ups of cached figures",
            self.cache_lookups.clone(),
        );
        registry.register(
            "rate_limited",
            "Requests and mails that a budget did not allow",
            self.rate_limited.clone(),
        );
        registry.register(
            "login_attempts",
            "Leave that was asked to try a password or a second factor",
            self.login_attempts.clone(),
        );
        registry.register(
            "session_lookups",
            "Access tokens that were looked up",
            self.session_lookups.clone(),
        );
        registry.register(
            "session_refreshes",
            "Refresh tokens that were shown; `reused` ends the whole session",
            self.session_refreshes.clone(),
        );
        registry.register(
            "sessions_started",
            "Sessions that were started",
            self.sessions_started.clone(),
        );
        registry.register(
            "sessions_ended",
            "Requests to end a session or all of a user's",
            self.sessions_ended.clone(),
        );
        registry.register(
            "model_duration_seconds",
            "Calls of a model, each for one or many rows",
            self.model_seconds.clone(),
        );
        registry.register(
            "model_rows",
            "Rows that models were asked about",
            self.model_rows.clone(),
        );
        registry.register(
            "mails",
            "Mails that were handed to the mail server, or were not",
            self.mails.clone(),
        );
        registry.register(
            "mail_duration_seconds",
            "How long the mail server took over each of them",
            self.mail_seconds.clone(),
        );
    }

    /// Returns all metrics in Prometheus's format (text format 0.0.4).
    ///
    /// # Errors
    /// Never in practice; the library's function returns a `Result`.
    pub fn render(&self, snapshot: &Snapshot) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        encode(&mut text, &snapshot.registry())?;
        Ok(text)
    }
}

/// Returns the method as a label: only standard methods, so that clients cannot create others.
fn method(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let mut known = KNOWN.into_iter();
    known.find(|known| *known == method).unwrap_or("other")
}

impl Meter for Metrics {
    fn answered(&self, request: &AnsweredRequest<'_>) {
        let method = method(request.method);
        let operation = request.operation.unwrap_or("unknown");
        let counted = Request {
            method,
            operation: operation.to_owned(),
            status: request.status,
        };
        self.requests.get_or_create(&counted).inc();
        let timed = Operation {
            method,
            operation: operation.to_owned(),
        };
        self.request_seconds
            .get_or_create(&timed)
            .observe(request.took.as_secs_f64());
    }

    fn rows_stored(&self, task: &Task, counts: JobCounts) {
        let task = name(task);
        for (outcome, rows) in [
            ("success", counts.success),
            ("updated", counts.updated),
            ("skipped", counts.skipped),
            ("error", counts.error),
        ] {
            let rows = u64::from(rows);
            self.job_rows
                .get_or_create(&Rows { task, outcome })
                .inc_by(rows);
        }
    }

    fn job_ended(&self, task: &Task, status: JobStatus) {
        let labels = EndedJobs {
            task: name(task),
            status: status.as_str(),
        };
        self.jobs_ended.get_or_create(&labels).inc();
    }
}

const fn name(task: &Task) -> &'static str {
    match task {
        Task::Upload => "upload",
        Task::Outcomes => "outcomes",
        Task::Rescore(_) => "rescoring",
        Task::Validate => "validation",
    }
}

/// Counts one event with an outcome.
pub(crate) fn count(family: &Family<Outcome, Counter>, outcome: &'static str) {
    family.get_or_create(&Outcome { outcome }).inc();
}

/// Records a duration.
pub(crate) fn observe<L: Clone + std::hash::Hash + Eq>(
    family: &Histograms<L>,
    labels: &L,
    took: Duration,
) {
    family.get_or_create(labels).observe(took.as_secs_f64());
}
