//! What the database says of itself, for those who operate the service.

use accunode_domain::Timestamp;
use async_trait::async_trait;

use crate::RepositoryError;

/// Statements that take long, as the database has added them up.
#[derive(Clone, Debug, PartialEq)]
pub enum SlowQueries {
    /// Those of the role that serves, those that took most time altogether first.
    Found(Vec<SlowQuery>),
    /// The database does not add them up: its extension is not there, or not loaded.
    NotCollected,
}

/// A statement, with everything that was added up about it.
#[derive(Clone, Debug, PartialEq)]
pub struct SlowQuery {
    /// Its text, with parameters in place of values; at most 2,000 characters of it.
    pub query: String,
    /// How often it was executed.
    pub calls: i64,
    /// Milliseconds altogether.
    pub total_ms: f64,
    /// Milliseconds on average.
    pub mean_ms: f64,
    /// Milliseconds of the slowest execution.
    pub max_ms: f64,
    /// Rows that it gave or changed altogether.
    pub rows: i64,
    /// The share of its blocks that were found in shared buffers; `None` where it read none.
    pub cache_hit_share: Option<f64>,
}

/// An index.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexUse {
    /// Its table.
    pub table: String,
    /// Its name.
    pub index: String,
    /// How often it was read since statistics began.
    pub scans: i64,
    /// Entries that were read.
    pub entries_read: i64,
    /// Bytes.
    pub bytes: i64,
    /// Whether it guards a key: it works on every write, however seldom it is read.
    pub is_unique: bool,
    /// Whether it is finished; one that is not guards and speeds up nothing.
    pub is_valid: bool,
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSize {
    /// Its name; a partition stands for itself.
    pub table: String,
    /// Bytes with its indexes.
    pub bytes: i64,
    /// Bytes of its indexes.
    pub index_bytes: i64,
    /// Rows, estimated.
    pub live_rows: i64,
    /// Rows that are gone and take up room, estimated.
    pub dead_rows: i64,
    /// When its dead rows were last removed.
    pub vacuumed_at: Option<Timestamp>,
    /// When the planner's statistics of it were last counted.
    pub analyzed_at: Option<Timestamp>,
    /// Read from its beginning to its end so often.
    pub sequential_scans: i64,
}

/// The database's side of the connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConnections {
    /// How many the server allows altogether.
    pub max_connections: i64,
    /// Reserved for superusers.
    pub reserved: i64,
    /// Those to this database, by state: `active`, `idle`, `idle in transaction` and so on.
    /// States of other roles' connections are not told, and count as `unknown`.
    pub by_state: Vec<(String, i64)>,
    /// Those that wait for a lock.
    pub waiting_for_locks: i64,
    /// Seconds since the oldest open transaction of the service began.
    pub oldest_transaction_seconds: i64,
}

/// Uploads and rescorings of the whole installation.
#[derive(Clone, Debug, PartialEq)]
pub struct JobFigures {
    /// How many have each status.
    pub by_status: Vec<(String, i64)>,
    /// Seconds since the oldest pending one was handed in.
    pub oldest_pending_seconds: f64,
    /// Seconds since the oldest one at work was taken for the first time.
    pub oldest_processing_seconds: f64,
    /// At work under a lease that ran out: another worker takes them.
    pub expired_leases: i64,
    /// Ended within the last 24 hours, and failed.
    pub failed_last_day: i64,
    /// Rows with an outcome in jobs that ended within the last 24 hours.
    pub rows_last_day: i64,
}

/// What the database says of itself. It names no row of a tenant.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Monitoring: Send + Sync {
    /// Statements with a mean of at least so many milliseconds, at most `limit`.
    async fn slow_queries(
        &self,
        least_mean_ms: f64,
        limit: u32,
    ) -> Result<SlowQueries, RepositoryError>;
    /// Every index of the service's tables, those that are read least first.
    async fn indexes(&self) -> Result<Vec<IndexUse>, RepositoryError>;
    /// Every table, the largest first.
    async fn tables(&self) -> Result<Vec<TableSize>, RepositoryError>;
    /// The connections as the server sees them.
    async fn server_connections(&self) -> Result<ServerConnections, RepositoryError>;
    /// Uploads and rescorings.
    async fn jobs(&self) -> Result<JobFigures, RepositoryError>;
}
