//! Maintenance of the database: who runs it, the record of runs, and the work itself.
//!
//! It concerns the whole installation and no rows of tenants, except that months of the audit
//! log are archived. Users can read only the record of runs.

use accunode_domain::{
    Timestamp,
    id::{MaintenanceRunId, UserId},
    maintenance::{MaintenanceRun, MaintenanceTask, RunLine, RunStatus},
    owner::Owner,
    page::{Cursor, Limit, Page},
    prediction::{Kind, Period},
    risk::ModelRef,
    validation::{Baseline, MonitoredPredictions, SnapshotFigures},
};
use async_trait::async_trait;
use serde_json::Value;
use time::Date;
use uuid::Uuid;

use crate::RepositoryError;

/// A run that is to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewRun {
    /// Its id.
    pub id: MaintenanceRunId,
    /// The task.
    pub task: MaintenanceTask,
    /// The user who requests it.
    pub requested_by: Option<UserId>,
    /// The time of the request.
    pub at: Timestamp,
    /// Only begin if the task has not succeeded since this time, and has not failed since
    /// [`NewRun::RETRY`] before `at`.
    pub unless_since: Option<Timestamp>,
}

impl NewRun {
    /// The time after which a failed task is repeated automatically.
    pub const RETRY: time::Duration = time::Duration::hours(1);
}

/// The history of a task, on all nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskHistory {
    /// The task.
    pub task: MaintenanceTask,
    /// When it last succeeded; `None` if it never did.
    pub last_success: Option<Timestamp>,
    /// The number of failures since then.
    pub failures: u64,
}

/// An owner whose sums differ from those of their predictions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollupDifference {
    /// `annual` or `quarterly`.
    pub kind: String,
    /// The owner's key.
    pub owner_key: Uuid,
    /// The number of predictions by the sums.
    pub summed: i64,
    /// The number of existing predictions.
    pub counted: i64,
}

/// An index that was rebuilt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reindexed {
    /// The name of the index.
    pub index: String,
    /// The reason: `bloated` or `invalid`.
    pub reason: String,
    /// Its size before, in bytes.
    pub bytes_before: i64,
    /// Its size afterwards, in bytes; `None` if the rebuild failed, which is repeated next
    /// time.
    pub bytes_after: Option<i64>,
}

/// A row of the audit log in the form of its archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// The row as JSON, on one line.
    pub json: String,
    /// The position of the row within the month.
    pub at: AuditPosition,
}

/// A position in a month of the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditPosition {
    /// The time of the event.
    pub created_at: Timestamp,
    /// The id of the event.
    pub id: Uuid,
}

/// A month of the audit log in the file store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditArchive {
    /// Its first day.
    pub month: Date,
    /// Its key in the file store.
    pub file_key: String,
    /// The number of rows.
    pub rows: u64,
    /// The size of the file, in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// SHA-256 of its lines, in hexadecimal.
    pub lines_sha256: String,
    /// When the archive was read back and verified.
    pub verified_at: Timestamp,
    /// When the month was dropped from the database.
    pub dropped_at: Option<Timestamp>,
}

/// A snapshot of monitoring that is to be kept.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the stored snapshot")]
pub struct NewSnapshot {
    pub owner: Owner,
    pub kind: Kind,
    pub model: ModelRef,
    pub period: Period,
    pub baseline: Baseline,
    pub figures: SnapshotFigures,
    pub at: Timestamp,
}

/// Maintenance of the database.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Begins a run. Returns `None` if a run of the task is in progress on any node, or the
    /// task is not due. A run whose process died is recorded as failed first.
    async fn begin(&self, run: &NewRun) -> Result<Option<MaintenanceRun>, RepositoryError>;
    /// Records that the run is still in progress.
    async fn beat(&self, id: MaintenanceRunId) -> Result<(), RepositoryError>;
    /// Adds a line to the run's log.
    async fn note(&self, id: MaintenanceRunId, line: &RunLine) -> Result<(), RepositoryError>;
    /// Ends the run.
    async fn finish(
        &self,
        id: MaintenanceRunId,
        status: RunStatus,
        outcome: &Value,
        at: Timestamp,
    ) -> Result<(), RepositoryError>;
    /// Returns a run by id.
    async fn find(&self, id: MaintenanceRunId) -> Result<Option<MaintenanceRun>, RepositoryError>;
    /// Returns a page of runs, newest first.
    async fn list(
        &self,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<MaintenanceRun>, RepositoryError>;
    /// Returns the history of each task that was ever begun.
    async fn history(&self) -> Result<Vec<TaskHistory>, RepositoryError>;

    /// Returns whether this process can act as the role that owns the tables.
    fn acts_as_owner(&self) -> bool;
    /// Creates the audit log's partitions up to the month of a time, and returns how many were
    /// created.
    async fn make_partitions(&self, until: Timestamp) -> Result<u32, RepositoryError>;
    /// Deletes expired rows, and returns how many of each table.
    async fn clean_up(&self, now: Timestamp) -> Result<Vec<(&'static str, u64)>, RepositoryError>;
    /// Returns the tables that are analyzed.
    async fn tables(&self) -> Result<Vec<String>, RepositoryError>;
    /// Updates the planner's statistics of a table.
    async fn analyze(&self, table: &str) -> Result<(), RepositoryError>;
    /// Rebuilds bloated and invalid indexes, one after the other. Requires the owner of the
    /// tables.
    async fn reindex(&self) -> Result<Vec<Reindexed>, RepositoryError>;
    /// Returns owners whose sums differ from those of their predictions, in one snapshot; at
    /// most 100.
    async fn rollup_differences(&self) -> Result<Vec<RollupDifference>, RepositoryError>;
    /// Returns which owners have predictions by which models.
    async fn monitored(&self) -> Result<Vec<MonitoredPredictions>, RepositoryError>;
    /// Keeps a snapshot in place of the one of the same owner, model, period and baseline.
    /// Returns whether it differs from that one. Nothing is kept for an owner whose predictions
    /// are gone.
    async fn keep_snapshot(&self, snapshot: &NewSnapshot) -> Result<bool, RepositoryError>;
    /// Returns the months of the audit log that ended before a time, oldest first, that have no
    /// archive or an archive with another number of rows.
    async fn months_to_archive(&self, before: Timestamp) -> Result<Vec<Date>, RepositoryError>;
    /// Returns the rows of a month after a position, in order of time.
    async fn audit_lines(
        &self,
        month: Date,
        after: Option<AuditPosition>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, RepositoryError>;
    /// Records a verified archive, replacing an earlier one of its month.
    async fn keep_archive(&self, archive: &AuditArchive) -> Result<(), RepositoryError>;
    /// Returns all archives, oldest month first.
    async fn archives(&self) -> Result<Vec<AuditArchive>, RepositoryError>;
}
