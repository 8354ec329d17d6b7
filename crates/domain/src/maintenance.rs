//! What keeps the database in shape, and what became of it each time.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{EnumCount, IntoStaticStr, VariantArray};

use crate::{
    Timestamp,
    fault::text_enum,
    id::{MaintenanceRunId, UserId},
};

/// A piece of maintenance.
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
    /// Makes the audit log's partitions ahead of time.
    AuditPartitions,
    /// Deletes what has expired.
    CleanUp,
    /// Removes files that no upload speaks of.
    SweepFiles,
    /// Archives the audit log's months that have ended, and verifies the archives.
    AuditArchive,
    /// Compares the dashboards' sums with the predictions.
    RollupCheck,
    /// Counts anew what the planner of queries knows of the tables.
    Analyze,
    /// Builds bloated and broken indexes anew, while they are used.
    Reindex,
}

text_enum!(MaintenanceTask);

impl MaintenanceTask {
    /// How often the service does it by itself.
    #[must_use]
    pub const fn interval(self) -> time::Duration {
        match self {
            Self::AuditPartitions | Self::CleanUp | Self::SweepFiles => time::Duration::hours(6),
            Self::AuditArchive | Self::RollupCheck => time::Duration::days(1),
            Self::Analyze | Self::Reindex => time::Duration::days(7),
        }
    }

    /// Whether only the role that owns the tables can do it.
    #[must_use]
    pub const fn needs_owner(self) -> bool {
        matches!(self, Self::Reindex)
    }
}

/// Where a run stands.
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
    /// A process is at it.
    Running,
    /// It was done.
    Completed,
    /// It was not, or not wholly.
    Failed,
}

text_enum!(RunStatus);

/// A line of a run's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunLine {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: Timestamp,
    /// What was done, for readers.
    pub text: String,
}

/// One run of a piece of maintenance.
#[derive(Clone, Debug, PartialEq)]
pub struct MaintenanceRun {
    /// Its id.
    pub id: MaintenanceRunId,
    /// What was to be done.
    pub task: MaintenanceTask,
    /// Where it stands.
    pub status: RunStatus,
    /// Who asked for it; `None` where it was due, or asked for at the command line.
    pub requested_by: Option<UserId>,
    /// What was done so far, line by line.
    pub log: Vec<RunLine>,
    /// What came of it, as an object whose keys depend on the task; `None` while it runs.
    /// Where it failed, `error` and `detail` say why.
    pub outcome: Option<Value>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}
