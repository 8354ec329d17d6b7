//! Limits on what one owner may store and queue. Every sum is computed under a lock of the
//! owner that is held until the transaction ends: parallel transactions of one owner cannot
//! exceed a budget together, and those of different owners do not wait for each other.

use accunode_domain::{access::Grant, job::RowStatus};
use accunode_ports::{
    RepositoryError,
    budgets::{JobBudget, JobUsage, RowBudget},
};
use uuid::Uuid;

use super::outcome::JobRow;
use crate::{db::Tx, errors::from_sqlx};

const USAGE: &str = "SELECT count(*), coalesce(sum(file_size), 0)::bigint, \
     count(*) FILTER (WHERE status IN ('pending', 'processing')) \
     FROM bulk_upload_jobs WHERE owner_key = $1";
const ROWS_KEPT: &str =
    "SELECT coalesce(sum(rows_kept), 0)::bigint FROM bulk_upload_jobs WHERE owner_key = $1";
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";

/// Checks that the owner's jobs stay within the budget with one more, whose file has this
/// many bytes.
///
/// # Errors
/// `OverBudget`.
pub(crate) async fn admit(
    tx: &Tx,
    grant: Grant,
    budget: JobBudget,
    bytes: u64,
) -> Result<(), RepositoryError> {
    let owner = grant.owner().key();
    lock(tx, "jobs", owner).await?;
    let (jobs, file_bytes, open_jobs): (i64, i64, i64) = sqlx::query_as(USAGE)
        .bind(owner)
        .fetch_one(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)?;
    let usage = JobUsage {
        jobs: jobs.unsigned_abs(),
        file_bytes: file_bytes.unsigned_abs(),
        open_jobs: open_jobs.unsigned_abs(),
    };
    budget
        .admit(usage, bytes)
        .map_err(RepositoryError::OverBudget)
}

/// The number of failed and skipped rows of a chunk that are stored, and that are not.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Keeping {
    pub(super) kept: i64,
    pub(super) not_kept: u32,
}

/// Leaves out the failed and skipped rows that exceed the budget, the last ones of the file
/// first. `of_job` is the number of rows that the job stores already.
pub(super) async fn fit(
    tx: &Tx,
    owner: Uuid,
    budget: RowBudget,
    of_job: i64,
    mut rows: Vec<JobRow>,
) -> Result<(Vec<JobRow>, Keeping), RepositoryError> {
    let wanted = rows.iter().filter(|row| counts(row)).count() as u64;
    if wanted == 0 {
        return Ok((rows, Keeping::default()));
    }
    let of_owner = if budget.per_owner == 0 {
        0
    } else {
        lock(tx, "rows", owner).await?;
        let kept: i64 = sqlx::query_scalar(ROWS_KEPT)
            .bind(owner)
            .fetch_one(&mut **tx.connection().await)
            .await
            .map_err(from_sqlx)?;
        kept
    };
    let mut room = budget.left(of_job.unsigned_abs(), of_owner.unsigned_abs());
    let mut keeping = Keeping::default();
    rows.sort_by_key(|row| row.row);
    rows.retain(|row| {
        if !counts(row) {
            return true;
        }
        let fits = room > 0;
        if fits {
            room -= 1;
            keeping.kept += 1;
        } else {
            keeping.not_kept += 1;
        }
        fits
    });
    Ok((rows, keeping))
}

/// Returns whether the budget applies to the row. It does not apply to rows that an update
/// replaced and to those of a dry run: later rows of the file are checked against them, and
/// there is at most one for each row of a stored file.
fn counts(row: &JobRow) -> bool {
    matches!(row.status, RowStatus::Error | RowStatus::Skipped)
}

/// Waits until no other transaction adds up the same totals of this owner.
async fn lock(tx: &Tx, what: &str, owner: Uuid) -> Result<(), RepositoryError> {
    sqlx::query(LOCK)
        .bind(format!("accunode.budget.{what}.{owner}"))
        .execute(&mut **tx.connection().await)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
}
