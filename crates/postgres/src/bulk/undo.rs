//! Undoing an upload: predictions that it created are deleted, and those that it replaced are
//! restored.

use accunode_domain::{
    access::Grant,
    job::{Job, Task},
};
use accunode_ports::{RepositoryError, repositories::Undone};
use sqlx::{AssertSqlSafe, postgres::PgQueryResult};

use super::{recording, staging};
use crate::{db::Tx, errors::from_sqlx, sql::Sql};

const LOCK: &str = include_str!("sql/lock_predictions_of_job.sql");
const DELETE: &str = include_str!("sql/delete_predictions_of_job.sql");
const RESTORE: &str = include_str!("sql/restore_updated.sql");
const LEFT: &str = include_str!("sql/left_of_job.sql");
/// Sets the job that revisions record as the cause of a replacement.
const WORK_FOR: &str = "SELECT set_config('accunode.job_id', $1::text, true)";

/// Undoes a job, as far as the policies permit the actor and nothing has changed since. A dry
/// run has nothing to be undone.
///
/// Predictions are locked in the order of the unique key, in which uploads and rescorings also
/// lock, so that undoing a job and running another one wait for each other and do not
/// deadlock.
pub(crate) async fn undo(tx: &Tx, grant: Grant, job: &Job) -> Result<Undone, RepositoryError> {
    if job.options.dry_run {
        return Ok(Undone::default());
    }
    if job.task == Task::Outcomes {
        return recording::undo(tx, grant, job).await;
    }
    let work_for = sqlx::query(WORK_FOR).bind(job.id.0);
    let mut connection = tx.connection().await;
    work_for
        .execute(&mut **connection)
        .await
        .map_err(from_sqlx)?;
    drop(connection);
    run(tx, job, LOCK).await?;
    let restored = run(tx, job, RESTORE).await?.rows_affected();
    let deleted = run(tx, job, DELETE).await?.rows_affected();
    let sql = Sql::of(LEFT).of_kind(job.kind).text()?;
    let left: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(job.id.0)
        .fetch_one(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)?;
    Ok(Undone {
        deleted,
        restored,
        kept: left.unsigned_abs().saturating_sub(restored),
    })
}

async fn run(tx: &Tx, job: &Job, text: &str) -> Result<PgQueryResult, RepositoryError> {
    let sql = Sql::of(text)
        .with("assignments", &staging::assignments(job.kind))
        .of_kind(job.kind)
        .text()?;
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(job.id.0);
    if text.contains("$2") {
        query = query.bind(job.owner.key());
    }
    let done = query.execute(&mut **tx.connection().await).await;
    done.map_err(from_sqlx)
}
