//! Maintenance of the database, and the outcome of each run.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{EnumCount, IntoStaticStr, VariantArray};

use crate::{
    Timestamp,
    fault::text_enum,
    id::{MaintenanceRunId, UserId},
};

/// A maintenance task.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum MaintenanceTask {
    /// Creates the audit log's partitions ahead of time.
    AuditPartitions,
    /// Deletes expired rows.
    CleanUp,
    /// Deletes files to which no upload refers.
    SweepFiles,
    /// Archives the months of the audit log that have ended, and verifies the archives.
    AuditArchive,
    /// Compares the dashboards' sums with the predictions.
    RollupCheck,
    /// Compares predictions with the training data of their models, and keeps the result.
    MonitoringSnapshots,
    /// Updates the statistics that the query planner uses.
    Analyze,
    /// Rebuilds bloated and invalid indexes while they are in use.
    Reindex,
}

text_enum!(MaintenanceTask);

impl MaintenanceTask {
    /// Returns how often the service runs the task by itself.
    #[must_use]
    pub const fn interval(self) -> time::Duration {
        match self {
            Self::AuditPartitions | Self::CleanUp | Self::SweepFiles => time::Duration::hours(6),
            Self::AuditArchive | Self::RollupCheck | Self::MonitoringSnapshots => {
                time::Duration::days(1)
            }
            Self::Analyze | Self::Reindex => time::Duration::days(7),
        }
    }

    /// Returns whether only the role that owns the tables can run the task.
    #[must_use]
    pub const fn needs_owner(self) -> bool {
        matches!(self, Self::Reindex)
    }
}

/// The status of a run.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum RunStatus {
    /// A process is executing it.
    Running,
    /// It completed.
    Completed,
    /// It failed, or completed only in part.
    Failed,
}

text_enum!(RunStatus);

/// A line of a run's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunLine {
    /// When the line was written.
    #[serde(with = "time::serde::rfc3339")]
    pub at: Timestamp,
    /// What was done, as text for readers.
    pub text: String,
}

/// One run of a maintenance task.
#[derive(Clone, Debug, PartialEq)]
pub struct MaintenanceRun {
    /// Its id.
    pub id: MaintenanceRunId,
    /// The task.
    pub task: MaintenanceTask,
    /// The status.
    pub status: RunStatus,
    /// The user who requested it; `None` if it was scheduled, or requested on the command
    /// line.
    pub requested_by: Option<UserId>,
    /// What was done so far, line by line.
    pub log: Vec<RunLine>,
    /// The outcome, as an object whose keys depend on the task; `None` while it runs. If
    /// the run failed, `error` and `detail` give the reason.
    pub outcome: Option<Value>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}
