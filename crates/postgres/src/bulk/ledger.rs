//! The job's own row, its kept rows, and the audit row of a chunk.

use std::collections::BTreeSet;

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    fault::Fault,
    job::{Checkpoint, JobCounts, RowStatus},
};
use accunode_ports::{
    RepositoryError,
    budgets::RowBudget,
    jobs::Lease,
    repositories::{AuditRepository, JobChunk},
};
use serde_json::{Value, json};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{
    budget::{self, Keeping},
    number,
    outcome::{CONFLICTING_DUPLICATE, Kept, Tally, Told},
    owner_key,
};
use crate::{
    db::Db,
    row::{get, storable},
};

/// The code of the warning about companies that are described otherwise.
const COMPANY_DIFFERS: &str = "company_differs";
/// The code of the warning about rows of which nothing is kept.
const ROWS_NOT_KEPT: &str = "rows_not_kept";
/// So many symbols, or symbols with periods, are named in a warning.
const NAMED: usize = 5;

/// What the job's row said when it was locked.
#[derive(Debug)]
pub(super) struct LockedJob {
    pub(super) warnings: Vec<Value>,
    /// Failed and skipped rows that are kept.
    pub(super) rows_kept: i64,
}

/// Locks the job's row, if the lease is still ours, and says for which job the
/// transaction works from now on: revisions keep that.
///
/// # Errors
/// `Stale`.
pub(super) async fn lock(db: &Db, lease: &Lease) -> Result<LockedJob, RepositoryError> {
    let mut sql = QueryBuilder::new(
        "SELECT warnings, rows_kept, set_config('accunode.job_id', id::text, true) FROM bulk_upload_jobs WHERE id = ",
    );
    sql.push_bind(lease.job.0)
        .push(" AND lease_token = ")
        .push_bind(lease.token)
        .push(" AND status = 'processing' FOR UPDATE");
    let Some(row) = db.one(sql).await? else {
        return Err(RepositoryError::Stale { what: "lease" });
    };
    let warnings = match get(&row, "warnings")? {
        Value::Array(warnings) => warnings,
        _ => Vec::new(),
    };
    let rows_kept: i32 = get(&row, "rows_kept")?;
    Ok(LockedJob {
        warnings,
        rows_kept: rows_kept.into(),
    })
}

/// Writes what became of the rows, one audit row, the counters and the checkpoint.
pub(super) async fn write(
    db: &Db,
    lease: &Lease,
    chunk: &JobChunk,
    job: LockedJob,
    mut told: Told,
) -> Result<JobCounts, RepositoryError> {
    let forgotten = forget_rows(db, lease, &told.superseded).await?;
    let owner = owner_key(chunk);
    let kept = std::mem::take(&mut told.kept);
    let (kept, keeping) =
        budget::fit(db, owner, chunk.row_budget, job.rows_kept - forgotten, kept).await?;
    keep_rows(db, lease, owner, &kept).await?;
    // A dry run changes nothing that an auditor would ask for.
    if !chunk.dry_run {
        db.record(&chunk.context, audit_event(lease, chunk, &told))
            .await?;
    }
    let mut warnings = warnings(job.warnings, &told);
    warn_of_rows_not_kept(&mut warnings, keeping, chunk.row_budget);
    let (total, checkpoint) = (chunk.total_rows, chunk.checkpoint);
    let kept = keeping.kept - forgotten;
    advance(db, lease, told.counts, kept, total, warnings, checkpoint).await
}

/// Moves the job on by these rows, if the lease is still ours. `rows_kept` is by how many
/// the kept rows became more.
///
/// # Errors
/// `Stale`, also where the job is at this checkpoint already.
pub(super) async fn advance(
    db: &Db,
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
    let mut sql = QueryBuilder::new("UPDATE bulk_upload_jobs SET ");
    for (column, count) in [
        ("processed_rows", counts.processed()),
        ("success_count", counts.success),
        ("updated_count", counts.updated),
        ("skipped_count", counts.skipped),
        ("error_count", counts.error),
    ] {
        sql.push(format_args!("{column} = {column} + "))
            .push_bind(number(count))
            .push(", ");
    }
    // Attempts are counted from here on. A chunk whose checkpoint stands there already
    // is stored, and is not counted twice.
    sql.push("attempts = 0, processing_logs = '[]', rows_kept = rows_kept + ")
        .push_bind(rows_kept)
        .push("::int, total_rows = coalesce(")
        .push_bind(total_rows.map(number))
        .push(", total_rows), warnings = ")
        .push_bind(Value::Array(warnings))
        .push(", checkpoint = ")
        .push_bind(checkpoint)
        .push(" WHERE id = ")
        .push_bind(lease.job.0)
        .push(" AND lease_token = ")
        .push_bind(lease.token)
        .push(" AND coalesce((checkpoint->>'row')::int, 0) <> ")
        .push_bind(row);
    match db.run(sql).await? {
        1 => Ok(counts),
        _ => Err(RepositoryError::Stale { what: "lease" }),
    }
}

/// Forgets what was kept of rows of earlier chunks; answers how many of them had failed
/// or were skipped.
async fn forget_rows(db: &Db, lease: &Lease, rows: &[u32]) -> Result<i64, RepositoryError> {
    if rows.is_empty() {
        return Ok(0);
    }
    let rows: Vec<_> = rows.iter().copied().map(number).collect();
    let mut sql = QueryBuilder::new("WITH gone AS (DELETE FROM bulk_upload_rows WHERE job_id = ");
    sql.push_bind(lease.job.0)
        .push(" AND row_number = ANY (")
        .push_bind(rows)
        .push(
            ") RETURNING status) \
             SELECT count(*) FILTER (WHERE status IN ('error', 'skipped')) AS n FROM gone",
        );
    match db.one(sql).await? {
        Some(row) => get(&row, "n"),
        None => Ok(0),
    }
}

/// Keeps what became of rows.
pub(super) async fn keep_rows(
    db: &Db,
    lease: &Lease,
    owner: Uuid,
    kept: &[Kept],
) -> Result<(), RepositoryError> {
    if kept.is_empty() {
        return Ok(());
    }
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
    let (keys, raws): (Vec<_>, Vec<_>) =
        kept.iter().map(|row| row.foretold.clone().unzip()).unzip();
    let mut sql = QueryBuilder::new(
        "INSERT INTO bulk_upload_rows (job_id, owner_key, row_number, status, code, problem, source, \
         prediction_id, old_values, company_period, raw_ratios) SELECT ",
    );
    sql.push_bind(lease.job.0)
        .push("::uuid, ")
        .push_bind(owner)
        .push("::uuid, k.* FROM unnest(")
        .push_bind(rows)
        .push("::int[], ")
        .push_bind(statuses)
        .push("::text[], ")
        .push_bind(codes)
        .push("::text[], ")
        .push_bind(problems)
        .push("::jsonb[], ")
        .push_bind(sources)
        .push("::text[], ")
        .push_bind(predictions)
        .push("::uuid[], ")
        .push_bind(old_values)
        .push("::jsonb[], ")
        .push_bind(keys)
        .push("::text[], ")
        .push_bind(raws)
        .push("::jsonb[]) k");
    db.run(sql).await.map(|_| ())
}

/// Why, in a word: the first fault's code.
fn code(row: &Kept) -> Option<String> {
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

fn audit_event(lease: &Lease, chunk: &JobChunk, told: &Told) -> AuditEvent {
    let JobCounts {
        success,
        updated,
        skipped,
        error,
    } = told.counts;
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
            "companies_made": told.companies_made,
        })),
        ..AuditEvent::new(
            "predictions.bulk_stored",
            "bulk_upload_job",
            AuditAction::Create,
        )
    }
}

/// The job's warnings with what this chunk adds to them.
fn warnings(mut warnings: Vec<Value>, told: &Told) -> Vec<Value> {
    add(
        &mut warnings,
        COMPANY_DIFFERS,
        &["company_name", "sector"],
        &told.differing,
        |rows, names| {
            format!(
                "on {rows} rows the company's name or sector is not that of the company that is there \
                 ({names}); companies are found by their symbol and never changed by an upload"
            )
        },
    );
    add(
        &mut warnings,
        CONFLICTING_DUPLICATE,
        &["company_symbol", "reporting_year"],
        &told.conflicting,
        |rows, names| {
            format!(
                "{rows} rows repeat a company and period that stands further up, with other ratios \
                 ({names}); the first of each was stored, so check which one is right"
            )
        },
    );
    warnings
}

/// Says that rows failed of which nothing is kept, so that the list of rows is not taken
/// for all of them.
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

/// Adds a tally to the warning with its code. Count and names stand beside the text,
/// so that the next chunk can add to them.
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
