//! Statistics of the database, for the operators of the service.

use accunode_domain::Timestamp;
use async_trait::async_trait;

use crate::RepositoryError;

/// Slow statements, as the database has accumulated them.
#[derive(Clone, Debug, PartialEq)]
pub enum SlowQueries {
    /// The statements of the serving role, the largest total time first.
    Found(Vec<SlowQuery>),
    /// The database does not collect them: its extension is missing or not loaded.
    NotCollected,
}

/// A statement and its accumulated statistics.
#[derive(Clone, Debug, PartialEq)]
pub struct SlowQuery {
    /// Its text, with parameters in place of values, truncated to 2,000 characters.
    pub query: String,
    /// How often it was executed.
    pub calls: i64,
    /// The total time in milliseconds.
    pub total_ms: f64,
    /// The mean time in milliseconds.
    pub mean_ms: f64,
    /// The time of the slowest execution in milliseconds.
    pub max_ms: f64,
    /// The total number of rows returned or changed.
    pub rows: i64,
    /// The share of its blocks that were found in shared buffers; `None` if it read none.
    pub cache_hit_share: Option<f64>,
}

/// An index and its use.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexUse {
    /// The table of the index.
    pub table: String,
    /// The name of the index.
    pub index: String,
    /// How often it was scanned since the statistics began.
    pub scans: i64,
    /// The number of entries read.
    pub entries_read: i64,
    /// Its size in bytes.
    pub bytes: i64,
    /// Whether it enforces a key: it is used by every write, however seldom it is read.
    pub is_unique: bool,
    /// Whether it is valid; an invalid index enforces nothing and speeds up nothing.
    pub is_valid: bool,
}

/// A table and its size.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSize {
    /// Its name; each partition is listed separately.
    pub table: String,
    /// Its size with its indexes, in bytes.
    pub bytes: i64,
    /// The size of its indexes, in bytes.
    pub index_bytes: i64,
    /// The estimated number of rows.
    pub live_rows: i64,
    /// The estimated number of dead rows, which take up space.
    pub dead_rows: i64,
    /// When its dead rows were last removed.
    pub vacuumed_at: Option<Timestamp>,
    /// When the planner's statistics of it were last updated.
    pub analyzed_at: Option<Timestamp>,
    /// How often it was read completely.
    pub sequential_scans: i64,
}

/// The connections as the server reports them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConnections {
    /// The number of connections that the server allows.
    pub max_connections: i64,
    /// The number reserved for superusers.
    pub reserved: i64,
    /// Connections to this database by state: `active`, `idle`, `idle in transaction` and so
    /// on. States of other roles' connections are hidden, and count as `unknown`.
    pub by_state: Vec<(String, i64)>,
    /// Connections that wait for a lock.
    pub waiting_for_locks: i64,
    /// Seconds since the oldest open transaction of the service began.
    pub oldest_transaction_seconds: i64,
}

/// Uploads and rescorings of the whole installation.
#[derive(Clone, Debug, PartialEq)]
pub struct JobFigures {
    /// The number of jobs by status.
    pub by_status: Vec<(String, i64)>,
    /// Seconds since the oldest pending job was created.
    pub oldest_pending_seconds: f64,
    /// Seconds since the oldest running job was first claimed.
    pub oldest_processing_seconds: f64,
    /// Running jobs whose lease has expired: another worker will claim them.
    pub expired_leases: i64,
    /// Jobs that failed within the last 24 hours.
    pub failed_last_day: i64,
    /// Rows with an outcome in jobs that ended within the last 24 hours.
    pub rows_last_day: i64,
}

/// Statistics of the database. They identify no row of a tenant.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Monitoring: Send + Sync {
    /// Returns statements with a mean of at least this number of milliseconds, at most
    /// `limit`.
    async fn slow_queries(
        &self,
        least_mean_ms: f64,
        limit: u32,
    ) -> Result<SlowQueries, RepositoryError>;
    /// Returns every index of the service's tables, the least used first.
    async fn indexes(&self) -> Result<Vec<IndexUse>, RepositoryError>;
    /// Returns every table, the largest first.
    async fn tables(&self) -> Result<Vec<TableSize>, RepositoryError>;
    /// Returns the connections as the server reports them.
    async fn server_connections(&self) -> Result<ServerConnections, RepositoryError>;
    /// Returns figures of uploads and rescorings.
    async fn jobs(&self) -> Result<JobFigures, RepositoryError>;
}
