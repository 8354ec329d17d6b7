//! What keeps the database in shape: who does it now, what was done, and the work itself.
//!
//! It concerns the whole installation and no rows of tenants, except that months of the audit
//! log are archived; nothing here answers a user but the runs themselves.

use accunode_domain::{
    Timestamp,
    id::{MaintenanceRunId, UserId},
    maintenance::{MaintenanceRun, MaintenanceTask, RunLine, RunStatus},
    page::{Cursor, Limit, Page},
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
    /// What is to be done.
    pub task: MaintenanceTask,
    /// Who asks for it.
    pub requested_by: Option<UserId>,
    /// When.
    pub at: Timestamp,
    /// Only where it was not done since, and did not fail since [`NewRun::RETRY`] before `at`.
    pub unless_since: Option<Timestamp>,
}

impl NewRun {
    /// After how long what has failed is done again by itself.
    pub const RETRY: time::Duration = time::Duration::hours(1);
}

/// What became of a task, on whichever node it ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskHistory {
    /// The task.
    pub task: MaintenanceTask,
    /// When it last succeeded; `None` where it never has.
    pub last_success: Option<Timestamp>,
    /// How often it has failed since.
    pub failures: u64,
}

/// An owner whose sums are not those of their predictions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollupDifference {
    /// `annual` or `quarterly`.
    pub kind: String,
    /// The owner's key.
    pub owner_key: Uuid,
    /// Predictions that the sums count.
    pub summed: i64,
    /// Predictions that there are.
    pub counted: i64,
}

/// An index that was built anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reindexed {
    /// Its name.
    pub index: String,
    /// Why: `bloated` or `invalid`.
    pub reason: String,
    /// Its size before, in bytes.
    pub bytes_before: i64,
    /// Its size after; `None` where it could not be built anew, which is tried again next time.
    pub bytes_after: Option<i64>,
}

/// A row of the audit log as its archive holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// The row as JSON, on one line.
    pub json: String,
    /// Where it stands in the month.
    pub at: AuditPosition,
}

/// A place in a month of the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditPosition {
    /// When the event was.
    pub created_at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

/// A month of the audit log in the file store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditArchive {
    /// Its first day.
    pub month: Date,
    /// Where the file store keeps it.
    pub file_key: String,
    /// How many rows it has.
    pub rows: u64,
    /// The size of the file, in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// SHA-256 of its lines, in hexadecimal.
    pub lines_sha256: String,
    /// When it was read back and found to be right.
    pub verified_at: Timestamp,
    /// When the month was dropped from the database.
    pub dropped_at: Option<Timestamp>,
}

/// Maintenance.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Begins a run. `None` where one of the task is under way on any node, or it is not due.
    /// One whose process died is noted as failed first.
    async fn begin(&self, run: &NewRun) -> Result<Option<MaintenanceRun>, RepositoryError>;
    /// Says that the run is still under way.
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
    /// By id.
    async fn find(&self, id: MaintenanceRunId) -> Result<Option<MaintenanceRun>, RepositoryError>;
    /// A page, newest first.
    async fn list(
        &self,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<MaintenanceRun>, RepositoryError>;
    /// What became of each task that was ever begun.
    async fn history(&self) -> Result<Vec<TaskHistory>, RepositoryError>;

    /// Whether this process can act as the role that owns the tables.
    fn acts_as_owner(&self) -> bool;
    /// Makes the audit log's partitions up to the month of a time; how many were made.
    async fn make_partitions(&self, until: Timestamp) -> Result<u32, RepositoryError>;
    /// Deletes what has expired; how many rows of each table.
    async fn clean_up(&self, now: Timestamp) -> Result<Vec<(&'static str, u64)>, RepositoryError>;
    /// The tables that are analyzed.
    async fn tables(&self) -> Result<Vec<String>, RepositoryError>;
    /// Counts anew what the planner knows of one of them.
    async fn analyze(&self, table: &str) -> Result<(), RepositoryError>;
    /// Builds bloated and broken indexes anew, one after the other. Needs the owner.
    async fn reindex(&self) -> Result<Vec<Reindexed>, RepositoryError>;
    /// Owners whose sums are not those of their predictions, at one moment; at most 100.
    async fn rollup_differences(&self) -> Result<Vec<RollupDifference>, RepositoryError>;
    /// Months of the audit log that ended before a time, oldest first, of which there is no
    /// archive, or one with another number of rows.
    async fn months_to_archive(&self, before: Timestamp) -> Result<Vec<Date>, RepositoryError>;
    /// The rows of a month behind a position, in the order of their times.
    async fn audit_lines(
        &self,
        month: Date,
        after: Option<AuditPosition>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, RepositoryError>;
    /// Notes an archive that was verified, in place of an earlier one of its month.
    async fn keep_archive(&self, archive: &AuditArchive) -> Result<(), RepositoryError>;
    /// Every archive, oldest month first.
    async fn archives(&self) -> Result<Vec<AuditArchive>, RepositoryError>;
}
