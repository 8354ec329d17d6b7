//! The job's own row, its stored rows, and the audit row of a chunk.

use std::collections::BTreeSet;

use accunode_domain::{
    audit::{AuditAction, AuditEvent, RequestContext},
    fault::Fault,
    job::{Checkpoint, JobCounts, RowStatus},
};
use accunode_ports::{
    Contention, RepositoryError,
    budgets::RowBudget,
    repositories::{AuditWriter, JobChunk, Lease},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    budget::{self, Keeping},
    number,
    outcome::{CONFLICTING_DUPLICATE, ChunkOutcome, JobRow, Tally},
    owner_key,
};
use crate::{db::Tx, errors::from_sqlx, repositories::AuditLog, row::storable};

const BEGIN_CHUNK: &str = include_str!("sql/begin_chunk.sql");
const WAIT: &str = include_str!("sql/wait_for_chunk.sql");
const LOCK: &str = include_str!("sql/lock_job.sql");
const ADVANCE: &str = include_str!("sql/advance_job.sql");
const FORGET_ROWS: &str = include_str!("sql/forget_rows.sql");
const KEEP_ROWS: &str = include_str!("sql/keep_rows.sql");

/// The code of the warning about identifiers that differ from those of their companies.
const OTHER_IDENTIFIER: &str = "other_identifier";
/// The code of the warning about companies that are described differently.
const COMPANY_DIFFERS: &str = "company_differs";
/// The code of the warning about rows that name another company than their symbol found.
const OTHER_COMPANY: &str = "other_company";
/// The code of the warning about rows that are not stored.
const ROWS_NOT_KEPT: &str = "rows_not_kept";
/// The number of symbols, or symbols with periods, that a warning names.
const NAMED: usize = 5;

/// The values of the job's row when it was locked.
#[derive(Debug)]
pub(super) struct LockedJob {
    pub(super) warnings: Vec<Value>,
    /// The number of failed and skipped rows that are stored.
    pub(super) rows_kept: i64,
    /// The row of its checkpoint.
    row: i32,
}

/// Begins a chunk, if the lease is still ours: sets the job for which the transaction works from
/// now on, which revisions store, and makes the chunk after this one wait for the end of the
/// transaction.
///
/// # Errors
/// `Stale`.
pub(super) async fn begin(tx: &Tx, lease: &Lease, chunk: &JobChunk) -> Result<(), RepositoryError> {
    let begun = sqlx::query(BEGIN_CHUNK)
        .bind(lease.job.0)
        .bind(lease.token)
        .bind(place(lease, chunk.checkpoint.row))
        .fetch_optional(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)?;
    begun
        .map(|_| ())
        .ok_or(RepositoryError::Stale { what: "lease" })
}

/// Waits until the transaction of the chunk before this one has ended, in whichever way. The wait
/// is a lock of the database's, so that it notices when that transaction waits for this one.
pub(super) async fn wait_for_previous(
    tx: &Tx,
    lease: &Lease,
    chunk: &JobChunk,
) -> Result<(), RepositoryError> {
    sqlx::query(WAIT)
        .bind(place(lease, chunk.follows))
        .execute(&mut **tx.connection().await)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
}

/// Returns the name of the lock of the chunk that ends at this row.
fn place(lease: &Lease, row: u32) -> String {
    format!("accunode.chunk.{}.{row}", lease.job)
}

/// Locks the job's row when it is the chunk's turn, if the lease is still ours.
///
/// # Errors
/// `Stale`, also if the job is at the checkpoint of the chunk already; `Unavailable` with
/// [`Contention`] if the chunk before it was not stored.
pub(super) async fn take_turn(
    tx: &Tx,
    lease: &Lease,
    chunk: &JobChunk,
) -> Result<LockedJob, RepositoryError> {
    wait_for_previous(tx, lease, chunk).await?;
    let job = lock(tx, lease).await?;
    if job.row == number(chunk.follows) {
        return Ok(job);
    }
    if job.row == number(chunk.checkpoint.row) {
        return Err(RepositoryError::Stale { what: "lease" });
    }
    let cause = format!(
        "the chunk after row {} was to be stored while the job was at row {}",
        chunk.follows, job.row
    );
    Err(RepositoryError::Unavailable(Box::new(Contention(
        cause.into(),
    ))))
}

/// Locks the job's row, if the lease is still ours, and sets the job for which the
/// transaction works from now on, which revisions store.
///
/// # Errors
/// `Stale`.
pub(super) async fn lock(tx: &Tx, lease: &Lease) -> Result<LockedJob, RepositoryError> {
    let locked: Option<(Value, i32, i32, String)> = sqlx::query_as(LOCK)
        .bind(lease.job.0)
        .bind(lease.token)
        .fetch_optional(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)?;
    let Some((warnings, rows_kept, row, _)) = locked else {
        return Err(RepositoryError::Stale { what: "lease" });
    };
    let warnings = match warnings {
        Value::Array(warnings) => warnings,
        _ => Vec::new(),
    };
    Ok(LockedJob {
        warnings,
        rows_kept: rows_kept.into(),
        row,
    })
}

/// Writes the outcomes of the rows, one audit row, the counters and the checkpoint.
pub(super) async fn write(
    tx: &Tx,
    lease: &Lease,
    chunk: &JobChunk,
    job: LockedJob,
    mut outcome: ChunkOutcome,
) -> Result<JobCounts, RepositoryError> {
    let forgotten = forget_rows(tx, lease, &outcome.superseded).await?;
    let owner = owner_key(chunk);
    let kept = std::mem::take(&mut outcome.kept);
    let (kept, keeping) =
        budget::fit(tx, owner, chunk.row_budget, job.rows_kept - forgotten, kept).await?;
    keep_rows(tx, lease, owner, &kept).await?;
    // A dry run makes no change that belongs in the audit log.
    if !chunk.dry_run {
        record(tx, &chunk.context, audit_event(lease, chunk, &outcome)).await?;
    }
    let mut warnings = warnings(job.warnings, &outcome);
    warn_of_rows_not_kept(&mut warnings, keeping, chunk.row_budget);
    let (total, checkpoint) = (chunk.total_rows, chunk.checkpoint);
    let kept = keeping.kept - forgotten;
    advance(tx, lease, outcome.counts, kept, total, warnings, checkpoint).await
}

/// Advances the job by these rows, if the lease is still ours. `rows_kept` is the change of
/// the number of stored rows.
///
/// # Errors
/// `Stale`, also if the job is at this checkpoint already.
pub(super) async fn advance(
    tx: &Tx,
    lease: &Lease,
    counts: JobCounts,
    rows_kept: i64,
    total_rows: Option<u32>,
    warnings: Vec<Value>,
    checkpoint: Checkpoint,
) -> Result<JobCounts, RepositoryError> {
    let row = number(checkpoint.row);
    let checkpoint = serde_json::to_value(checkpoint)
        .map_err(|error| RepositoryError::Internal(Box::new(error)))?;
    let advanced = sqlx::query(ADVANCE)
        .bind(number(counts.processed()))
        .bind(number(counts.success))
        .bind(number(counts.updated))
        .bind(number(counts.skipped))
        .bind(number(counts.error))
        .bind(rows_kept)
        .bind(total_rows.map(number))
        .bind(Value::Array(warnings))
        .bind(checkpoint)
        .bind(lease.job.0)
        .bind(lease.token)
        .bind(row)
        .execute(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)?;
    match advanced.rows_affected() {
        1 => Ok(counts),
        _ => Err(RepositoryError::Stale { what: "lease" }),
    }
}

/// Appends an event to the audit log in the unit of work.
pub(super) async fn record(
    tx: &Tx,
    context: &RequestContext,
    event: AuditEvent,
) -> Result<(), RepositoryError> {
    let log = AuditLog::new(tx.clone());
    log.record(context, event).await
}

/// Deletes the stored outcomes of rows of earlier chunks; returns how many of them had
/// failed or were skipped.
async fn forget_rows(tx: &Tx, lease: &Lease, rows: &[u32]) -> Result<i64, RepositoryError> {
    if rows.is_empty() {
        return Ok(0);
    }
    let rows: Vec<_> = rows.iter().copied().map(number).collect();
    sqlx::query_scalar(FORGET_ROWS)
        .bind(lease.job.0)
        .bind(rows)
        .fetch_one(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)
}

/// The number of rows that one statement stores. The database holds such a statement several
/// times in memory, and each row of a faulty file has up to ten faults.
const KEPT_AT_ONCE: usize = 500;

/// Stores the outcomes of rows.
pub(super) async fn keep_rows(
    tx: &Tx,
    lease: &Lease,
    owner: Uuid,
    kept: &[JobRow],
) -> Result<(), RepositoryError> {
    for part in kept.chunks(KEPT_AT_ONCE) {
        keep_part(tx, lease, owner, part).await?;
    }
    Ok(())
}

async fn keep_part(
    tx: &Tx,
    lease: &Lease,
    owner: Uuid,
    kept: &[JobRow],
) -> Result<(), RepositoryError> {
    let rows: Vec<_> = kept.iter().map(|row| number(row.row)).collect();
    let statuses: Vec<_> = kept
        .iter()
        .map(|row| row.status.as_str().to_owned())
        .collect();
    let codes: Vec<_> = kept.iter().map(code).collect();
    let problems: Vec<_> = kept.iter().map(|row| problem(&row.faults)).collect();
    let sources: Vec<_> = kept
        .iter()
        .map(|row| row.source.as_deref().map(storable))
        .collect();
    let predictions: Vec<_> = kept.iter().map(|row| row.prediction).collect();
    let old_values: Vec<_> = kept.iter().map(|row| row.old_values.clone()).collect();
    let versions: Vec<_> = kept.iter().map(|row| row.written_version).collect();
    let (keys, raws): (Vec<_>, Vec<_>) = kept
        .iter()
        .map(|row| row.dry_run_row.clone().unzip())
        .unzip();
    sqlx::query(KEEP_ROWS)
        .bind(lease.job.0)
        .bind(owner)
        .bind(rows)
        .bind(statuses)
        .bind(codes)
        .bind(problems)
        .bind(sources)
        .bind(predictions)
        .bind(old_values)
        .bind(keys)
        .bind(raws)
        .bind(versions)
        .execute(&mut **tx.connection().await)
        .await
        .map(|_| ())
        .map_err(from_sqlx)
}

/// Returns the reason as one word: the first fault's code.
fn code(row: &JobRow) -> Option<String> {
    match (row.faults.first(), row.status) {
        (Some(fault), _) => Some(storable(&fault.code).chars().take(60).collect()),
        (None, RowStatus::Updated | RowStatus::Ok) => None,
        (None, status) => Some(status.as_str().to_owned()),
    }
}

fn problem(faults: &[Fault]) -> Option<Value> {
    let faults: Vec<_> = faults
        .iter()
        .map(|fault| {
            json!({
                "pointer": storable(&fault.pointer),
                "code": storable(&fault.code),
                "detail": storable(&fault.detail),
            })
        })
        .collect();
    (!faults.is_empty()).then_some(Value::Array(faults))
}

fn audit_event(lease: &Lease, chunk: &JobChunk, outcome: &ChunkOutcome) -> AuditEvent {
    let JobCounts {
        success,
        updated,
        skipped,
        error,
    } = outcome.counts;
    AuditEvent {
        entity_id: Some(lease.job.0),
        user: Some(chunk.grant.by()),
        organization: chunk.grant.owner().organization(),
        new_values: Some(json!({
            "kind": chunk.kind.as_str(),
            "first_row": chunk.rows.first().map(|row| row.row),
            "last_row": chunk.rows.last().map(|row| row.row),
            "stored": success,
            "updated": updated,
            "skipped": skipped,
            "error": error,
            "companies_made": outcome.companies_made,
        })),
        ..AuditEvent::new(
            "predictions.bulk_stored",
            "bulk_upload_job",
            AuditAction::Create,
        )
    }
}

/// Returns the job's warnings together with those of this chunk.
fn warnings(mut warnings: Vec<Value>, outcome: &ChunkOutcome) -> Vec<Value> {
    add(
        &mut warnings,
        COMPANY_DIFFERS,
        &["company_name", "sector"],
        &outcome.differing,
        |rows, names| {
            format!(
                "on {rows} rows the company's name or sector is not that of the company that is there \
                 ({names}); companies are found by their symbol and never changed by an upload"
            )
        },
    );
    add(
        &mut warnings,
        OTHER_COMPANY,
        &["company_symbol", "company_name"],
        &outcome.other_companies,
        |rows, names| {
            format!(
                "{rows} rows name another company than the one that their symbol stands for \
                 ({names}); they were stored for that one, so check the symbols, or send \
                 other_company=error to leave such rows out"
            )
        },
    );
    add(
        &mut warnings,
        OTHER_IDENTIFIER,
        &["isin", "lei", "figi", "national_id"],
        &outcome.other_identifiers,
        |rows, names| {
            format!(
                "on {rows} rows an identifier was not stored ({names}): the company of the symbol \
                 was there without it or with another one, or another company has it; companies \
                 are changed by PATCH /companies/{{id}} and never by an upload"
            )
        },
    );
    add(
        &mut warnings,
        CONFLICTING_DUPLICATE,
        &["company_symbol", "reporting_year"],
        &outcome.conflicting,
        |rows, names| {
            format!(
                "{rows} rows repeat a company and period that is further up, with other ratios \
                 ({names}); of each one row was stored, with on_conflict=update the last and \
                 otherwise the first, so check which one is right"
            )
        },
    );
    warnings
}

/// Adds a warning that failed rows are not stored, so that the list of rows is not taken for
/// complete.
pub(super) fn warn_of_rows_not_kept(
    warnings: &mut Vec<Value>,
    keeping: Keeping,
    budget: RowBudget,
) {
    let tally = Tally {
        rows: keeping.not_kept,
        ..Tally::default()
    };
    add(warnings, ROWS_NOT_KEPT, &[], &tally, |rows, _| {
        format!(
            "{rows} failed or skipped rows are counted and not kept: at most {} of a job and {} of \
             its owner are; correct the file itself and send it again, or delete uploads that \
             are no longer needed first",
            limit(budget.per_job),
            limit(budget.per_owner)
        )
    });
}

fn limit(rows: u32) -> String {
    match rows {
        0 => "any number".to_owned(),
        rows => rows.to_string(),
    }
}

/// Adds a tally to the warning with its code. The count and the names are separate from the
/// text, so that the next chunk can add to them.
fn add(
    warnings: &mut Vec<Value>,
    code: &str,
    columns: &[&str],
    tally: &Tally,
    text: impl Fn(u64, &str) -> String,
) {
    if tally.rows == 0 {
        return;
    }
    let place = warnings.iter().position(|warning| warning["code"] == code);
    let before = place
        .map(|place| warnings.remove(place))
        .unwrap_or_default();
    let rows = before["rows"].as_u64().unwrap_or(0) + u64::from(tally.rows);
    let known = before["names"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let mut names: Vec<String> = known.map(str::to_owned).collect();
    let named: BTreeSet<_> = names.iter().cloned().collect();
    names.extend(tally.names.difference(&named).cloned());
    let more = names.len() > NAMED;
    names.truncate(NAMED);
    let shown = format!("{}{}", names.join(", "), if more { ", …" } else { "" });
    warnings.push(json!({
        "code": code,
        "detail": text(rows, &shown),
        "columns": columns,
        "rows": rows,
        "names": names,
    }));
}
