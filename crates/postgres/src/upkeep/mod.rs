//! Maintenance: the runs, the work, and the audit log's months.

mod archive;
mod monitoring;
mod reindex;
mod runs;

use std::sync::Arc;

use accunode_domain::{
    Timestamp,
    id::MaintenanceRunId,
    maintenance::{MaintenanceRun, RunLine, RunStatus},
    page::{Cursor, Limit, Page},
    validation::MonitoredPredictions,
};
use accunode_ports::{
    RepositoryError,
    maintenance::{
        AuditArchive, AuditLine, AuditPosition, Maintenance, NewRun, NewSnapshot, Reindexed,
        RollupDifference, TaskHistory,
    },
};
use async_trait::async_trait;
use serde_json::Value;
use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use time::Date;

pub use archive::{VerifiedMonth, drop_month};

use crate::{PgStore, errors::from_sqlx};

/// Creates partitions up to the month of `$1`.
const MAKE_PARTITIONS: &str = "SELECT audit_make_partitions_until($1)";
/// Every table of the schema with rows of its own, and the audit log as a whole.
const TABLES: &str = "
    SELECT c.relname::text
      FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace
       AND c.relkind IN ('r', 'p')
       AND NOT c.relispartition
       AND c.relname <> 'seaql_migrations'
     ORDER BY 1";
const ANALYZE: &str = "SELECT maintenance_analyze($1)";
const ROLLUP_DIFFERENCES: &str =
    "SELECT kind, owner_key, summed, counted FROM rollup_differences(100)";
/// Runs that began before `$1`.
const FORGET_RUNS: &str =
    "DELETE FROM maintenance_runs WHERE started_at < $1 AND status <> 'running'";
/// How long runs can be looked up.
const RUNS_KEPT: time::Duration = time::Duration::days(400);
/// Statements of maintenance may take long, because they block no other statement.
const LONG_STATEMENT_TIMEOUT: &str = "SET LOCAL statement_timeout = '2h'";

/// Maintenance on PostgreSQL.
#[derive(Debug)]
pub struct PgMaintenance {
    store: Arc<PgStore>,
    owner: Option<PgConnectOptions>,
}

impl PgMaintenance {
    /// Creates it for this database; `owner` connects as the role that owns the tables, if
    /// the process is configured with it.
    #[must_use]
    pub const fn new(store: Arc<PgStore>, owner: Option<PgConnectOptions>) -> Self {
        Self { store, owner }
    }

    /// Opens a connection as the owner.
    async fn as_owner(&self) -> Result<PgConnection, RepositoryError> {
        let options = self.owner.as_ref().ok_or_else(|| {
            RepositoryError::Internal("this process does not know how to act as the owner".into())
        })?;
        let connection = options.clone().disable_statement_logging();
        PgConnection::connect_with(&connection)
            .await
            .map_err(from_sqlx)
    }

    /// Runs one statement that may take long, in a transaction of its own.
    async fn fetch_with_long_timeout<
        T: Send + Unpin + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
    >(
        &self,
        sql: &'static str,
        bind: Option<&str>,
    ) -> Result<Vec<T>, RepositoryError> {
        let mut transaction = archive::begin(&self.store).await?;
        sqlx::query(LONG_STATEMENT_TIMEOUT)
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        let query = sqlx::query_as(sql);
        let query = match bind {
            Some(text) => query.bind(text.to_owned()),
            None => query,
        };
        let rows = query
            .fetch_all(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        transaction.commit().await.map_err(from_sqlx)?;
        Ok(rows)
    }
}

#[async_trait]
impl Maintenance for PgMaintenance {
    async fn begin(&self, run: &NewRun) -> Result<Option<MaintenanceRun>, RepositoryError> {
        runs::begin(self.store.pool(), run).await
    }

    async fn beat(&self, id: MaintenanceRunId) -> Result<(), RepositoryError> {
        runs::beat(self.store.pool(), id).await
    }

    async fn note(&self, id: MaintenanceRunId, line: &RunLine) -> Result<(), RepositoryError> {
        runs::note(self.store.pool(), id, line).await
    }

    async fn finish(
        &self,
        id: MaintenanceRunId,
        status: RunStatus,
        outcome: &Value,
        at: Timestamp,
    ) -> Result<(), RepositoryError> {
        runs::finish(self.store.pool(), id, status, outcome, at).await
    }

    async fn find(&self, id: MaintenanceRunId) -> Result<Option<MaintenanceRun>, RepositoryError> {
        runs::find(self.store.pool(), id).await
    }

    async fn list(
        &self,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<MaintenanceRun>, RepositoryError> {
        runs::list(self.store.pool(), limit, after).await
    }

    async fn history(&self) -> Result<Vec<TaskHistory>, RepositoryError> {
        runs::history(self.store.pool()).await
    }

    fn acts_as_owner(&self) -> bool {
        self.owner.is_some()
    }

    async fn make_partitions(&self, until: Timestamp) -> Result<u32, RepositoryError> {
        let made: i32 = sqlx::query_scalar(MAKE_PARTITIONS)
            .bind(until.date())
            .fetch_one(self.store.pool())
            .await
            .map_err(from_sqlx)?;
        Ok(made.unsigned_abs())
    }

    async fn clean_up(&self, now: Timestamp) -> Result<Vec<(&'static str, u64)>, RepositoryError> {
        let mut tables = self.store.clean_up(now).await?.tables;
        let forgotten = sqlx::query(FORGET_RUNS)
            .bind(now - RUNS_KEPT)
            .execute(self.store.pool())
            .await
            .map_err(from_sqlx)?;
        tables.push(("maintenance_runs", forgotten.rows_affected()));
        Ok(tables)
    }

    async fn tables(&self) -> Result<Vec<String>, RepositoryError> {
        sqlx::query_scalar(TABLES)
            .fetch_all(self.store.pool())
            .await
            .map_err(from_sqlx)
    }

    async fn analyze(&self, table: &str) -> Result<(), RepositoryError> {
        self.fetch_with_long_timeout::<((),)>(ANALYZE, Some(table))
            .await?;
        Ok(())
    }

    async fn reindex(&self) -> Result<Vec<Reindexed>, RepositoryError> {
        let mut connection = self.as_owner().await?;
        let done = reindex::reindex(&mut connection).await;
        connection.close().await.map_err(from_sqlx)?;
        done
    }

    async fn rollup_differences(&self) -> Result<Vec<RollupDifference>, RepositoryError> {
        let rows: Vec<(String, uuid::Uuid, i64, i64)> = self
            .fetch_with_long_timeout(ROLLUP_DIFFERENCES, None)
            .await?;
        let difference = |(kind, owner_key, summed, counted)| RollupDifference {
            kind,
            owner_key,
            summed,
            counted,
        };
        Ok(rows.into_iter().map(difference).collect())
    }

    async fn monitored(&self) -> Result<Vec<MonitoredPredictions>, RepositoryError> {
        monitoring::monitored(self).await
    }

    async fn keep_snapshot(&self, snapshot: &NewSnapshot) -> Result<bool, RepositoryError> {
        monitoring::keep(self.store.pool(), snapshot).await
    }

    async fn months_to_archive(&self, before: Timestamp) -> Result<Vec<Date>, RepositoryError> {
        archive::months_to_archive(&self.store, before).await
    }

    async fn audit_lines(
        &self,
        month: Date,
        after: Option<AuditPosition>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, RepositoryError> {
        archive::audit_lines(&self.store, month, after, limit).await
    }

    async fn keep_archive(&self, archive: &AuditArchive) -> Result<(), RepositoryError> {
        archive::keep(self.store.pool(), archive).await
    }

    async fn archives(&self) -> Result<Vec<AuditArchive>, RepositoryError> {
        archive::all(self.store.pool()).await
    }
}
