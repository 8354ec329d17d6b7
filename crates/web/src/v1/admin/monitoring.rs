//! Monitoring of the database and of this process.

use std::collections::BTreeMap;

use accunode_application::installation::PoolFigures;
use accunode_domain::job::JobStatus;
use accunode_ports::monitoring::{IndexUse, JobFigures, ServerConnections, SlowQuery, TableSize};
use actix_web::HttpResponse;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::dto::ConnectionsDto;
use crate::http::{call::Authenticated, list::ListDto, problem::Answer};

/// Returns all items as a list without further pages.
fn all<F, T: From<F> + Serialize>(found: Vec<F>) -> HttpResponse {
    HttpResponse::Ok().json(ListDto {
        data: found.into_iter().map(T::from).collect::<Vec<T>>(),
        has_more: false,
        next_cursor: None,
        total: None,
    })
}

/// A statement, with everything that PostgreSQL has added up about it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SlowQuery)]
pub(crate) struct SlowQueryDto {
    /// Its text, with parameters in place of values; at most 2,000 characters.
    query: String,
    /// How often it was executed.
    calls: i64,
    /// Milliseconds altogether.
    total_ms: f64,
    /// Milliseconds on average.
    mean_ms: f64,
    /// Milliseconds of the slowest execution.
    max_ms: f64,
    /// Rows that it gave or changed altogether.
    rows: i64,
    /// The share of its blocks that were found in memory; null where it read none.
    cache_hit_share: Option<f64>,
}

/// An index.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IndexUse)]
pub(crate) struct IndexUseDto {
    /// Its table.
    #[schema(example = "companies")]
    table: String,
    /// Its name.
    #[schema(example = "companies_pkey")]
    index: String,
    /// How often it was read since PostgreSQL's statistics began.
    scans: i64,
    /// Entries that were read.
    entries_read: i64,
    /// Its size.
    bytes: i64,
    /// Whether it guards a key: then it works on every write, however seldom it is read.
    is_unique: bool,
    /// Whether it is finished. One that is not speeds up nothing, and `reindex` mends it.
    is_valid: bool,
    /// Whether it could be dropped as far as its use tells: read fewer than ten times, and no
    /// guard of a key.
    is_unused: bool,
}

/// A table.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TableSize)]
pub(crate) struct TableSizeDto {
    /// Its name. Each month of the audit log is a separate table.
    #[schema(example = "annual_predictions")]
    table: String,
    /// Its size with its indexes.
    bytes: i64,
    /// The size of its indexes.
    index_bytes: i64,
    /// Rows, estimated.
    live_rows: i64,
    /// Rows that are gone and take up room until they are vacuumed, estimated.
    dead_rows: i64,
    /// The share of the dead ones.
    dead_share: f64,
    /// When its dead rows were last removed; null: not since statistics began.
    #[serde(with = "time::serde::rfc3339::option")]
    vacuumed_at: Option<OffsetDateTime>,
    /// When the planner's statistics were last counted; null: not since statistics began.
    #[serde(with = "time::serde::rfc3339::option")]
    analyzed_at: Option<OffsetDateTime>,
    /// How often it was read from its beginning to its end.
    sequential_scans: i64,
}

/// Connections, as this process and as PostgreSQL see them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PoolFigures)]
pub(crate) struct PoolFiguresDto {
    /// The pools of the process that answered: `identity`, `reads`, `writes`, `expensive`.
    pools: BTreeMap<&'static str, ConnectionsDto>,
    /// How many connections PostgreSQL allows altogether (`max_connections`).
    max_connections: i64,
    /// Of these, reserved for superusers.
    reserved_connections: i64,
    /// Connections of all processes to this database, by state. Those of other roles are `unknown`.
    by_state: BTreeMap<String, i64>,
    /// Connections of the service that wait for a lock.
    waiting_for_locks: i64,
    /// How long the oldest open transaction of the service has been open.
    oldest_transaction_seconds: i64,
}

/// Uploads and rescorings of the whole installation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobFigures)]
pub(crate) struct JobFiguresDto {
    /// How many have each status.
    by_status: BTreeMap<String, i64>,
    /// For how long the oldest one has waited; 0 where none waits.
    oldest_pending_seconds: f64,
    /// Since when the oldest one is worked on; 0 where none is.
    oldest_processing_seconds: f64,
    /// At work under a lease that ran out: the next free worker takes them.
    expired_leases: i64,
    /// Ended within the last 24 hours, and failed.
    failed_last_day: i64,
    /// Rows with an outcome, of those that ended within the last 24 hours.
    rows_last_day: i64,
}

impl From<SlowQuery> for SlowQueryDto {
    fn from(query: SlowQuery) -> Self {
        Self {
            query: query.query,
            calls: query.calls,
            total_ms: query.total_ms,
            mean_ms: query.mean_ms,
            max_ms: query.max_ms,
            rows: query.rows,
            cache_hit_share: query.cache_hit_share,
        }
    }
}

impl From<IndexUse> for IndexUseDto {
    fn from(index: IndexUse) -> Self {
        Self {
            is_unused: index.scans < 10 && !index.is_unique,
            table: index.table,
            index: index.index,
            scans: index.scans,
            entries_read: index.entries_read,
            bytes: index.bytes,
            is_unique: index.is_unique,
            is_valid: index.is_valid,
        }
    }
}

impl From<TableSize> for TableSizeDto {
    fn from(table: TableSize) -> Self {
        #[expect(
            clippy::cast_precision_loss,
            reason = "estimates: exact up to 2^53 is enough"
        )]
        let share = table.dead_rows as f64 / (table.live_rows + table.dead_rows).max(1) as f64;
        Self {
            table: table.table,
            bytes: table.bytes,
            index_bytes: table.index_bytes,
            live_rows: table.live_rows,
            dead_rows: table.dead_rows,
            dead_share: share,
            vacuumed_at: table.vacuumed_at,
            analyzed_at: table.analyzed_at,
            sequential_scans: table.sequential_scans,
        }
    }
}

impl From<PoolFigures> for PoolFiguresDto {
    fn from(PoolFigures { pools, server }: PoolFigures) -> Self {
        let ServerConnections {
            max_connections,
            reserved,
            by_state,
            waiting_for_locks,
            oldest_transaction_seconds,
        } = server;
        Self {
            pools: pools.into_iter().map(|p| (p.pool, p.into())).collect(),
            max_connections,
            reserved_connections: reserved,
            by_state: by_state.into_iter().collect(),
            waiting_for_locks,
            oldest_transaction_seconds,
        }
    }
}

impl From<JobFigures> for JobFiguresDto {
    fn from(figures: JobFigures) -> Self {
        let none = JobStatus::ALL.map(|status| (status.as_str().to_owned(), 0));
        let mut by_status = BTreeMap::from(none);
        by_status.extend(figures.by_status);
        Self {
            by_status,
            oldest_pending_seconds: figures.oldest_pending_seconds,
            oldest_processing_seconds: figures.oldest_processing_seconds,
            expired_leases: figures.expired_leases,
            failed_last_day: figures.failed_last_day,
            rows_last_day: figures.rows_last_day,
        }
    }
}

/// The service's statements that take a second or longer on average, the most expensive ten
///
/// PostgreSQL adds them up with its extension `pg_stat_statements`, which the private PostgreSQL has.
#[utoipa::path(
    get,
    path = super::SLOW_QUERIES,
    tag = "Operations",
    operation_id = "list_slow_queries",
    responses(
        (status = 200, description = "Those that took most time altogether first", body = ListDto<SlowQueryDto>),
        (status = 403, description = "`role_forbidden`"),
        (status = 503, description = "`extension_missing`: the detail says how `pg_stat_statements` is had"),
    )
)]
pub(crate) async fn slow_queries(call: Authenticated) -> Answer {
    call.no_params()?;
    let installation = &call.application.installation;
    Ok(all::<_, SlowQueryDto>(
        installation.slow_queries(&call.caller).await?,
    ))
}

/// The indexes, those that are read least first
#[utoipa::path(
    get,
    path = super::INDEXES,
    tag = "Operations",
    operation_id = "list_indexes",
    responses(
        (status = 200, description = "Every index of the service's tables", body = ListDto<IndexUseDto>),
        (status = 403, description = "`role_forbidden`"),
    )
)]
pub(crate) async fn indexes(call: Authenticated) -> Answer {
    call.no_params()?;
    let installation = &call.application.installation;
    Ok(all::<_, IndexUseDto>(
        installation.indexes(&call.caller).await?,
    ))
}

/// The tables, the largest first
#[utoipa::path(
    get,
    path = super::TABLES,
    tag = "Operations",
    operation_id = "list_tables",
    responses(
        (status = 200, description = "Every table of the service, with its dead rows", body = ListDto<TableSizeDto>),
        (status = 403, description = "`role_forbidden`"),
    )
)]
pub(crate) async fn tables(call: Authenticated) -> Answer {
    call.no_params()?;
    let installation = &call.application.installation;
    Ok(all::<_, TableSizeDto>(
        installation.tables(&call.caller).await?,
    ))
}

/// The connections to the database
#[utoipa::path(
    get,
    path = super::POOL,
    tag = "Operations",
    operation_id = "get_pool_figures",
    responses(
        (status = 200, description = "As this process and as PostgreSQL see them", body = PoolFiguresDto),
        (status = 403, description = "`role_forbidden`"),
    )
)]
pub(crate) async fn pool(call: Authenticated) -> Answer {
    call.no_params()?;
    let installation = &call.application.installation;
    let figures = installation.pools(&call.caller).await?;
    Ok(HttpResponse::Ok().json(PoolFiguresDto::from(figures)))
}

/// Uploads and rescorings of the whole installation, counted
#[utoipa::path(
    get,
    path = super::JOBS,
    tag = "Operations",
    operation_id = "get_job_figures",
    responses(
        (status = 200, description = "By status, with the oldest and those that failed", body = JobFiguresDto),
        (status = 403, description = "`role_forbidden`"),
    )
)]
pub(crate) async fn jobs(call: Authenticated) -> Answer {
    call.no_params()?;
    let installation = &call.application.installation;
    let figures = installation.jobs(&call.caller).await?;
    Ok(HttpResponse::Ok().json(JobFiguresDto::from(figures)))
}
