//! `maintenance_runs`.

use std::str::FromStr;

use accunode_domain::{
    Timestamp,
    id::{MaintenanceRunId, UserId},
    maintenance::{MaintenanceRun, MaintenanceTask, RunLine, RunStatus},
    page::{Cursor, Limit, Page, Sort},
};
use accunode_ports::{
    RepositoryError,
    maintenance::{NewRun, TaskHistory},
};
use serde_json::Value;
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

use crate::{
    errors::{defect, from_sqlx},
    keyset::page,
    row::{key_time, time_key},
};

/// After this time without a heartbeat the process of a run is considered dead.
const END_DEAD: &str = "
    UPDATE maintenance_runs
       SET status = 'failed', finished_at = greatest($2, started_at),
           outcome = jsonb_build_object('error', 'interrupted',
                                        'detail', 'the process that was at it has ended')
     WHERE task = $1 AND status = 'running'
       AND heartbeat_at < clock_timestamp() - interval '2 minutes'";

/// Begins a run of the task `$2`: unless one is in progress (the index refuses it), or, if
/// `$5` is given, one has succeeded since or failed since `$6`.
const BEGIN: &str = "
    INSERT INTO maintenance_runs (id, task, requested_by, started_at)
    SELECT $1, $2, $3, $4
     WHERE $5::timestamptz IS NULL OR NOT EXISTS (
             SELECT FROM maintenance_runs r
              WHERE r.task = $2
                AND (r.status <> 'failed' AND r.started_at > $5
                     OR r.status = 'failed' AND r.started_at > $6))
    ON CONFLICT DO NOTHING
    RETURNING id, task, status, requested_by, log, outcome, started_at, finished_at";

const BEAT: &str = "
    UPDATE maintenance_runs SET heartbeat_at = clock_timestamp() WHERE id = $1 AND status = 'running'";

/// The log is for readers: lines beyond the thousandth are not stored.
const NOTE: &str = "
    UPDATE maintenance_runs
       SET log = log || $2::jsonb, heartbeat_at = clock_timestamp()
     WHERE id = $1 AND status = 'running' AND jsonb_array_length(log) < 1000";

const FINISH: &str = "
    UPDATE maintenance_runs
       SET status = $2, outcome = $3, finished_at = greatest($4, started_at)
     WHERE id = $1 AND status = 'running'";

const FIND: &str = "
    SELECT id, task, status, requested_by, log, outcome, started_at, finished_at
      FROM maintenance_runs WHERE id = $1";

const LIST: &str = "
    SELECT id, task, status, requested_by, log, outcome, started_at, finished_at
      FROM maintenance_runs
     WHERE $1::timestamptz IS NULL OR (started_at, id) < ($1, $2)
     ORDER BY started_at DESC, id DESC
     LIMIT $3";

const HISTORY: &str = "
    SELECT t.task, s.started_at, (
             SELECT count(*) FROM maintenance_runs f
              WHERE f.task = t.task AND f.status = 'failed'
                AND f.started_at > coalesce(s.started_at, '-infinity'))
      FROM (SELECT DISTINCT task FROM maintenance_runs) t
      LEFT JOIN LATERAL (
             SELECT started_at FROM maintenance_runs c
              WHERE c.task = t.task AND c.status = 'completed'
              ORDER BY started_at DESC LIMIT 1) s ON true
     ORDER BY 1";

/// The columns of a run, in the order of the statements.
type Row = (
    Uuid,
    String,
    String,
    Option<Uuid>,
    Json<Vec<RunLine>>,
    Option<Value>,
    Timestamp,
    Option<Timestamp>,
);

fn into_run(row: Row) -> Result<MaintenanceRun, RepositoryError> {
    let (id, task, status, requested_by, log, outcome, started_at, finished_at) = row;
    let unknown =
        |column: &str, value: &str| defect(format!("maintenance_runs {id}: {column} {value:?}"));
    Ok(MaintenanceRun {
        id: MaintenanceRunId(id),
        task: MaintenanceTask::from_str(&task).map_err(|_| unknown("task", &task))?,
        status: RunStatus::from_str(&status).map_err(|_| unknown("status", &status))?,
        requested_by: requested_by.map(UserId),
        log: log.0,
        outcome,
        started_at,
        finished_at,
    })
}

pub(super) async fn begin(
    pool: &PgPool,
    run: &NewRun,
) -> Result<Option<MaintenanceRun>, RepositoryError> {
    sqlx::query(END_DEAD)
        .bind(run.task.as_str())
        .bind(run.at)
        .execute(pool)
        .await
        .map_err(from_sqlx)?;
    let begun: Option<Row> = sqlx::query_as(BEGIN)
        .bind(run.id.0)
        .bind(run.task.as_str())
        .bind(run.requested_by.map(|user| user.0))
        .bind(run.at)
        .bind(run.unless_since)
        .bind(run.at - NewRun::RETRY)
        .fetch_optional(pool)
        .await
        .map_err(from_sqlx)?;
    begun.map(into_run).transpose()
}

pub(super) async fn beat(pool: &PgPool, id: MaintenanceRunId) -> Result<(), RepositoryError> {
    let done = sqlx::query(BEAT).bind(id.0).execute(pool).await;
    done.map(|_| ()).map_err(from_sqlx)
}

pub(super) async fn note(
    pool: &PgPool,
    id: MaintenanceRunId,
    line: &RunLine,
) -> Result<(), RepositoryError> {
    let done = sqlx::query(NOTE)
        .bind(id.0)
        .bind(Json([line]))
        .execute(pool)
        .await;
    done.map(|_| ()).map_err(from_sqlx)
}

pub(super) async fn finish(
    pool: &PgPool,
    id: MaintenanceRunId,
    status: RunStatus,
    outcome: &Value,
    at: Timestamp,
) -> Result<(), RepositoryError> {
    let done = sqlx::query(FINISH)
        .bind(id.0)
        .bind(status.as_str())
        .bind(outcome)
        .bind(at)
        .execute(pool)
        .await;
    done.map(|_| ()).map_err(from_sqlx)
}

pub(super) async fn find(
    pool: &PgPool,
    id: MaintenanceRunId,
) -> Result<Option<MaintenanceRun>, RepositoryError> {
    let found: Option<Row> = sqlx::query_as(FIND)
        .bind(id.0)
        .fetch_optional(pool)
        .await
        .map_err(from_sqlx)?;
    found.map(into_run).transpose()
}

pub(super) async fn list(
    pool: &PgPool,
    limit: Limit,
    after: Option<Cursor>,
) -> Result<Page<MaintenanceRun>, RepositoryError> {
    let behind = after.as_ref().map(key_time).transpose()?;
    let rows: Vec<Row> = sqlx::query_as(LIST)
        .bind(behind)
        .bind(after.map(|cursor| cursor.id))
        .bind(i64::from(limit.get()) + 1)
        .fetch_all(pool)
        .await
        .map_err(from_sqlx)?;
    let runs = rows.into_iter().map(into_run);
    let runs = runs.collect::<Result<Vec<MaintenanceRun>, _>>()?;
    Ok(page(runs, limit, |last| Cursor {
        sort: Sort::CreatedAt,
        key: time_key(last.started_at),
        id: last.id.0,
    }))
}

pub(super) async fn history(pool: &PgPool) -> Result<Vec<TaskHistory>, RepositoryError> {
    let rows: Vec<(String, Option<Timestamp>, i64)> = sqlx::query_as(HISTORY)
        .fetch_all(pool)
        .await
        .map_err(from_sqlx)?;
    // A task of a newer version is unknown to this one.
    let known = rows
        .into_iter()
        .filter_map(|(task, last_success, failures)| {
            Some(TaskHistory {
                task: task.parse().ok()?,
                last_success,
                failures: failures.unsigned_abs(),
            })
        });
    Ok(known.collect())
}
