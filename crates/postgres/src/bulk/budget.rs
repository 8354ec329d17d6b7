//! What one owner may keep and have waiting. Every sum is taken under a lock of the owner
//! that is held until the transaction ends: parallel transactions of one owner never pass
//! together where one fits, and those of different owners do not wait for each other.

use accunode_domain::{access::Grant, job::RowStatus};
use accunode_ports::{
    RepositoryError,
    budgets::{JobUsage, RowBudget},
    repositories::NewJob,
};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::outcome::Kept;
use crate::{db::Db, errors::defect, row::get};

/// That the owner's jobs stay within the budget with one more.
///
/// # Errors
/// `OverBudget`.
pub(crate) async fn admit(db: &Db, grant: Grant, job: &NewJob) -> Result<(), RepositoryError> {
    let owner = grant.owner().key();
    lock(db, "jobs", owner).await?;
    let mut sql = QueryBuilder::new(
        "SELECT count(*) AS jobs, coalesce(sum(file_size), 0)::bigint AS file_bytes, \
         count(*) FILTER (WHERE status IN ('pending', 'processing')) AS open_jobs \
         FROM bulk_upload_jobs WHERE owner_key = ",
    );
    sql.push_bind(owner);
    let row = db.one(sql).await?;
    let row = row.ok_or_else(|| defect("an aggregate returned no row"))?;
    let number = |column| get::<i64>(&row, column).map(i64::unsigned_abs);
    let usage = JobUsage {
        jobs: number("jobs")?,
        file_bytes: number("file_bytes")?,
        open_jobs: number("open_jobs")?,
    };
    job.budget
        .admit(usage, job.file_size.unsigned_abs())
        .map_err(RepositoryError::OverBudget)
}

/// How many failed and skipped rows are kept of a chunk, and how many are not.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Keeping {
    pub(super) kept: i64,
    pub(super) not_kept: u32,
}

/// Leaves out the failed and skipped rows that the budget has no room for, the last ones
/// of the file first. `of_job` is how many the job keeps already.
pub(super) async fn fit(
    db: &Db,
    owner: Uuid,
    budget: RowBudget,
    of_job: i64,
    mut rows: Vec<Kept>,
) -> Result<(Vec<Kept>, Keeping), RepositoryError> {
    let wanted = rows.iter().filter(|row| counts(row)).count() as u64;
    if wanted == 0 {
        return Ok((rows, Keeping::default()));
    }
    let of_owner = if budget.per_owner == 0 {
        0
    } else {
        lock(db, "rows", owner).await?;
        let mut sql = QueryBuilder::new(
            "SELECT coalesce(sum(rows_kept), 0)::bigint AS n FROM bulk_upload_jobs WHERE owner_key = ",
        );
        sql.push_bind(owner);
        let row = db.one(sql).await?;
        let row = row.ok_or_else(|| defect("an aggregate returned no row"))?;
        get::<i64>(&row, "n")?
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

/// Whether the budget is for such rows. What an update replaced and what a dry run
/// foretells is not: later rows of the file are checked against it, and there is at most
/// one for each row of a stored file.
fn counts(row: &Kept) -> bool {
    matches!(row.status, RowStatus::Error | RowStatus::Skipped)
}

/// Waits until no other transaction adds up the same things of this owner.
async fn lock(db: &Db, what: &str, owner: Uuid) -> Result<(), RepositoryError> {
    let mut sql =
        QueryBuilder::new("SELECT 1 AS locked FROM pg_advisory_xact_lock(hashtextextended(");
    sql.push_bind(format!("accunode.budget.{what}.{owner}"))
        .push(", 0))");
    db.one(sql).await.map(|_| ())
}
