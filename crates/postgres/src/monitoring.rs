//! Statistics of PostgreSQL (15 to 18).

use accunode_domain::Timestamp;
use accunode_ports::{
    RepositoryError,
    monitoring::{
        IndexUse, JobFigures, Monitoring, ServerConnections, SlowQueries, SlowQuery, TableSize,
    },
};
use async_trait::async_trait;

use crate::{PgStore, actor::ActorSettings, errors::from_sqlx, unit_of_work::PgTx};

/// Whether the extension is installed, and in which schema; `pg_stat_statements` may be in
/// any.
const EXTENSION: &str = "
    SELECT n.nspname::text
      FROM pg_extension e
      JOIN pg_namespace n ON n.oid = e.extnamespace
     WHERE e.extname = 'pg_stat_statements'";

/// Statements of the current role: those of others are hidden from it.
const SLOW_QUERIES: &str = "
    SELECT left(query, 2000), calls, total_exec_time, mean_exec_time, max_exec_time, rows,
           shared_blks_hit::float8 / nullif(shared_blks_hit + shared_blks_read, 0)
      FROM pg_stat_statements
     WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND userid = (SELECT oid FROM pg_roles WHERE rolname = current_user)
       AND mean_exec_time >= $1
     ORDER BY total_exec_time DESC
     LIMIT $2";

const INDEXES: &str = "
    SELECT s.relname::text, s.indexrelname::text, s.idx_scan, s.idx_tup_read,
           pg_relation_size(s.indexrelid), i.indisunique, i.indisvalid
      FROM pg_stat_user_indexes s
      JOIN pg_index i ON i.indexrelid = s.indexrelid
     WHERE s.schemaname = 'public'
     ORDER BY s.idx_scan, pg_relation_size(s.indexrelid) DESC, s.indexrelname";

const TABLES: &str = "
    SELECT s.relname::text, pg_total_relation_size(s.relid), pg_indexes_size(s.relid),
           s.n_live_tup, s.n_dead_tup, coalesce(s.seq_scan, 0),
           greatest(s.last_vacuum, s.last_autovacuum), greatest(s.last_analyze, s.last_autoanalyze)
      FROM pg_stat_user_tables s
     WHERE s.schemaname = 'public'
     ORDER BY pg_total_relation_size(s.relid) DESC, s.relname";

const SETTINGS: &str = "
    SELECT current_setting('max_connections')::bigint,
           current_setting('superuser_reserved_connections')::bigint";

const BY_STATE: &str = "
    SELECT coalesce(state, 'unknown'), count(*)
      FROM pg_stat_activity
     WHERE datname = current_database()
     GROUP BY 1
     ORDER BY 1";

const WAITING: &str = "
    SELECT count(*) FILTER (WHERE wait_event_type = 'Lock'),
           coalesce(extract(epoch FROM clock_timestamp() - min(xact_start)), 0)::bigint
      FROM pg_stat_activity
     WHERE datname = current_database() AND usename = session_user";

const JOBS: &str = "
    SELECT status, count(*)
      FROM bulk_upload_jobs
     GROUP BY 1
     ORDER BY 1";

const JOB_FIGURES: &str = "
    SELECT coalesce(extract(epoch FROM clock_timestamp()
                    - min(created_at) FILTER (WHERE status = 'pending')), 0)::float8,
           coalesce(extract(epoch FROM clock_timestamp()
                    - min(started_at) FILTER (WHERE status = 'processing')), 0)::float8,
           count(*) FILTER (WHERE status = 'processing' AND lease_expires_at < clock_timestamp()),
           count(*) FILTER (WHERE status = 'failed' AND completed_at > now() - interval '1 day'),
           coalesce(sum(processed_rows) FILTER (WHERE completed_at > now() - interval '1 day'), 0)::bigint
      FROM bulk_upload_jobs";

type TableRow = (
    String,
    i64,
    i64,
    i64,
    i64,
    i64,
    Option<Timestamp>,
    Option<Timestamp>,
);

fn table_size(
    (table, bytes, index_bytes, live_rows, dead_rows, sequential_scans, vacuumed_at, analyzed_at): TableRow,
) -> TableSize {
    TableSize {
        table,
        bytes,
        index_bytes,
        live_rows,
        dead_rows,
        vacuumed_at,
        analyzed_at,
        sequential_scans,
    }
}

/// Undefined table, and a library that was not loaded at the start.
const NOT_COLLECTED: [&str; 2] = ["42P01", "55000"];

#[async_trait]
impl Monitoring for PgStore {
    async fn slow_queries(
        &self,
        least_mean_ms: f64,
        limit: u32,
    ) -> Result<SlowQueries, RepositoryError> {
        let mut connection = self.pool().acquire().await.map_err(from_sqlx)?;
        let schema: Option<String> = sqlx::query_scalar(EXTENSION)
            .fetch_optional(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        if schema.is_none() {
            return Ok(SlowQueries::NotCollected);
        }
        type Row = (String, i64, f64, f64, f64, i64, Option<f64>);
        let found: Result<Vec<Row>, _> = sqlx::query_as(SLOW_QUERIES)
            .bind(least_mean_ms)
            .bind(i64::from(limit))
            .fetch_all(&mut *connection)
            .await;
        match found {
            Ok(rows) => Ok(SlowQueries::Found(
                rows.into_iter().map(slow_query).collect(),
            )),
            Err(sqlx::Error::Database(db_error))
                if db_error
                    .code()
                    .is_some_and(|code| NOT_COLLECTED.contains(&&*code)) =>
            {
                Ok(SlowQueries::NotCollected)
            }
            Err(other) => Err(from_sqlx(other)),
        }
    }

    async fn indexes(&self) -> Result<Vec<IndexUse>, RepositoryError> {
        type Row = (String, String, i64, i64, i64, bool, bool);
        let rows: Vec<Row> = sqlx::query_as(INDEXES)
            .fetch_all(self.pool())
            .await
            .map_err(from_sqlx)?;
        let index = |(table, index, scans, entries_read, bytes, is_unique, is_valid)| IndexUse {
            table,
            index,
            scans,
            entries_read,
            bytes,
            is_unique,
            is_valid,
        };
        Ok(rows.into_iter().map(index).collect())
    }

    async fn tables(&self) -> Result<Vec<TableSize>, RepositoryError> {
        let rows: Vec<TableRow> = sqlx::query_as(TABLES)
            .fetch_all(self.pool())
            .await
            .map_err(from_sqlx)?;
        Ok(rows.into_iter().map(table_size).collect())
    }

    async fn server_connections(&self) -> Result<ServerConnections, RepositoryError> {
        let mut connection = self.pool().acquire().await.map_err(from_sqlx)?;
        let (max_connections, reserved): (i64, i64) = sqlx::query_as(SETTINGS)
            .fetch_one(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        let by_state = sqlx::query_as(BY_STATE)
            .fetch_all(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        let (waiting_for_locks, oldest_transaction_seconds) = sqlx::query_as(WAITING)
            .fetch_one(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        Ok(ServerConnections {
            max_connections,
            reserved,
            by_state,
            waiting_for_locks,
            oldest_transaction_seconds,
        })
    }

    async fn jobs(&self) -> Result<JobFigures, RepositoryError> {
        let mut transaction = PgTx::begin(self.pool(), ActorSettings::worker())
            .await?
            .into_inner();
        let by_status = sqlx::query_as(JOBS)
            .fetch_all(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        let (pending, processing, expired_leases, failed_last_day, rows_last_day) =
            sqlx::query_as(JOB_FIGURES)
                .fetch_one(&mut *transaction)
                .await
                .map_err(from_sqlx)?;
        transaction.commit().await.map_err(from_sqlx)?;
        Ok(JobFigures {
            by_status,
            oldest_pending_seconds: pending,
            oldest_processing_seconds: processing,
            expired_leases,
            failed_last_day,
            rows_last_day,
        })
    }
}

fn slow_query(
    (query, calls, total_ms, mean_ms, max_ms, rows, cache_hit_share): (
        String,
        i64,
        f64,
        f64,
        f64,
        i64,
        Option<f64>,
    ),
) -> SlowQuery {
    SlowQuery {
        query,
        calls,
        total_ms,
        mean_ms,
        max_ms,
        rows,
        cache_hit_share,
    }
}
