//! Storing a chunk of a rescoring, in the open transaction.
//!
//! 1. The job's row is locked under the lease; a lost lease stores nothing.
//! 2. The results of the model are copied into a temporary table.
//! 3. The predictions are locked, in the order in which uploads lock them. Locking one
//!    requires the right to change it.
//! 4. Those that are unchanged since they were read are updated in one statement; the
//!    trigger stores their previous content as revisions.
//! 5. The outcome of each is stored, with one audit row, counters and checkpoint.

use std::collections::{HashMap, HashSet};

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    decimal::Decimal,
    fault::Fault,
    job::{JobCounts, RowStatus},
    prediction::Kind,
};
use accunode_ports::{
    RepositoryError,
    repositories::{Lease, RescoredChunk, RescoredRow},
};
use serde_json::json;
use sqlx::AssertSqlSafe;

use super::{budget, copy::CopyText, ledger, number, outcome::JobRow, staging};
use crate::{
    db::Tx,
    entities::outcome_columns::probabilities,
    errors::{defect, from_sqlx},
    kinds::KindSchema,
    sql::Sql,
};

const LOCK: &str = include_str!("sql/lock_rescored.sql");
const UNWRITABLE: &str = include_str!("sql/unwritable_rescored.sql");
const UPDATE: &str = include_str!("sql/update_rescored.sql");

/// Stores a chunk. See [`accunode_ports::repositories::JobWriter::store_rescored`].
pub(crate) async fn rescore(
    tx: &Tx,
    lease: &Lease,
    chunk: &RescoredChunk,
) -> Result<JobCounts, RepositoryError> {
    let job = ledger::lock(tx, lease).await?;
    let found = if chunk.rows.iter().any(|row| row.scored.is_ok()) {
        let columns = format!("0 AS n, {}", columns(chunk.kind).join(", "));
        staging::make_empty(tx, chunk.kind, chunk.kind.rescored(), &columns).await?;
        copy(tx, chunk).await?;
        let mut found = lock(tx, chunk.kind).await?;
        found.unwritable = unwritable(tx, chunk, &found).await?;
        update(tx, chunk, &found).await?;
        found
    } else {
        LockState::default()
    };
    let kept: Vec<_> = chunk.rows.iter().map(|row| job_row(row, &found)).collect();
    let counts = counted(&kept);
    let owner = chunk.grant.owner().key();
    let (kept, keeping) = budget::fit(tx, owner, chunk.row_budget, job.rows_kept, kept).await?;
    ledger::keep_rows(tx, lease, owner, &kept).await?;
    ledger::record(tx, &chunk.context, audit_event(lease, chunk, counts)).await?;
    let (total, mut warnings) = (Some(chunk.total_rows), job.warnings);
    ledger::warn_of_rows_not_kept(&mut warnings, keeping, chunk.row_budget);
    let (kept, checkpoint) = (keeping.kept, chunk.checkpoint);
    ledger::advance(tx, lease, counts, kept, total, warnings, checkpoint).await
}

/// The state of the scored predictions, by row number.
#[derive(Debug, Default)]
struct LockState {
    /// Those that may be written, and whether they are unchanged since they were read.
    locked: HashMap<i32, bool>,
    /// Those that are unchanged since they were read and may not be written.
    unwritable: HashSet<i32>,
}

/// Returns the columns that the model determines.
fn scored_columns(kind: Kind) -> Vec<&'static str> {
    let mut columns = vec!["pd", "risk_level", "confidence", "flags"];
    columns.extend(kind.probabilities());
    columns.extend(kind.ratio_columns());
    columns
}

/// Returns the staged columns, in order; `n` is the row's number.
fn columns(kind: Kind) -> Vec<&'static str> {
    let mut columns = vec!["id", "row_version", "company_id"];
    columns.extend(kind.period());
    columns.extend(scored_columns(kind));
    columns
}

async fn copy(tx: &Tx, chunk: &RescoredChunk) -> Result<(), RepositoryError> {
    let kind = chunk.kind;
    let mut text = CopyText::default();
    for row in &chunk.rows {
        let Ok((ratios, outcome)) = &row.scored else {
            continue;
        };
        if row.read.period.kind() != kind || ratios.values.len() != kind.ratios().len() {
            return Err(defect(format!("row {} is no {kind} prediction", row.row)));
        }
        text.plain(number(row.row))
            .plain(row.read.id)
            .plain(row.read.version)
            .plain(row.read.company)
            .plain(row.read.period.year);
        if let Some(quarter) = row.read.period.quarter {
            text.plain(quarter);
        }
        text.plain(outcome.pd.get())
            .plain(outcome.risk_level)
            .decimal(Some(&Decimal::rounded(outcome.confidence)))
            .texts(&ratios.flags);
        for probability in probabilities(kind, outcome)? {
            text.decimal(Some(&probability));
        }
        for value in &ratios.values {
            text.decimal(value.as_ref());
        }
        text.end();
    }
    let columns = format!("n, {}", columns(kind).join(", "));
    staging::fill(tx, kind.rescored(), &columns, text).await
}

async fn lock(tx: &Tx, kind: Kind) -> Result<LockState, RepositoryError> {
    let sql = Sql::of(LOCK).of_kind(kind).text()?;
    let locked: Vec<(i32, bool)> = sqlx::query_as(AssertSqlSafe(sql))
        .fetch_all(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)?;
    Ok(LockState {
        locked: locked.into_iter().collect(),
        unwritable: HashSet::new(),
    })
}

/// Returns, of those that could not be locked, the ones that still exist unchanged.
async fn unwritable(
    tx: &Tx,
    chunk: &RescoredChunk,
    found: &LockState,
) -> Result<HashSet<i32>, RepositoryError> {
    let rows: Vec<_> = scored(chunk)
        .map(|row| number(row.row))
        .filter(|n| !found.locked.contains_key(n))
        .collect();
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = Sql::of(UNWRITABLE).of_kind(chunk.kind).text()?;
    let unwritable: Vec<i32> = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(rows)
        .fetch_all(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)?;
    Ok(unwritable.into_iter().collect())
}

fn scored(chunk: &RescoredChunk) -> impl Iterator<Item = &RescoredRow> {
    chunk.rows.iter().filter(|row| row.scored.is_ok())
}

async fn update(tx: &Tx, chunk: &RescoredChunk, found: &LockState) -> Result<(), RepositoryError> {
    let kind = chunk.kind;
    let (ids, rows): (Vec<_>, Vec<_>) = scored(chunk)
        .map(|row| (row.read.id.0, number(row.row)))
        .filter(|(_, n)| found.locked.get(n) == Some(&true))
        .unzip();
    if ids.is_empty() {
        return Ok(());
    }
    let wanted = ids.len();
    let assignments: Vec<_> = scored_columns(kind)
        .into_iter()
        .map(|column| format!("{column} = s.{column}"))
        .collect();
    let sql = Sql::of(UPDATE)
        .with("assignments", &assignments.join(", "))
        .of_kind(kind)
        .text()?;
    let written = sqlx::query(AssertSqlSafe(sql))
        .bind(chunk.predicted_at)
        .bind(&chunk.model.name)
        .bind(&chunk.model.version)
        .bind(&chunk.model.sha256)
        .bind(ids)
        .bind(rows)
        .bind(chunk.grant.owner().key())
        .execute(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)?
        .rows_affected();
    if written == wanted as u64 {
        Ok(())
    } else {
        Err(defect(format!(
            "of {wanted} locked predictions {written} were updated"
        )))
    }
}

fn job_row(row: &RescoredRow, found: &LockState) -> JobRow {
    let n = number(row.row);
    let (status, faults) = match (&row.scored, found.locked.get(&n)) {
        (Err(faults), _) => (RowStatus::Error, faults.clone()),
        (Ok(_), Some(true)) => (RowStatus::Updated, Vec::new()),
        (Ok(_), None) if found.unwritable.contains(&n) => {
            let detail = "only its creator or an administrator may change this prediction";
            (
                RowStatus::Error,
                vec![Fault::new("", "not_writable", detail)],
            )
        }
        (Ok(_), _) => {
            let detail = "this prediction was changed or deleted while it was scored";
            (
                RowStatus::Skipped,
                vec![Fault::new("", "changed_meanwhile", detail)],
            )
        }
    };
    JobRow {
        row: row.row,
        status,
        faults,
        source: None,
        prediction: Some(row.read.id.0),
        old_values: None,
        written_version: None,
        dry_run_row: None,
    }
}

fn counted(kept: &[JobRow]) -> JobCounts {
    let mut counts = JobCounts::default();
    for row in kept {
        match row.status {
            RowStatus::Ok => counts.success += 1,
            RowStatus::Updated => counts.updated += 1,
            RowStatus::Skipped => counts.skipped += 1,
            RowStatus::Error => counts.error += 1,
        }
    }
    counts
}

fn audit_event(lease: &Lease, chunk: &RescoredChunk, counts: JobCounts) -> AuditEvent {
    AuditEvent {
        entity_id: Some(lease.job.0),
        user: Some(chunk.grant.by()),
        organization: chunk.grant.owner().organization(),
        new_values: Some(json!({
            "kind": chunk.kind.as_str(),
            "model": chunk.model,
            "first_row": chunk.rows.first().map(|row| row.row),
            "last_row": chunk.rows.last().map(|row| row.row),
            "updated": counts.updated,
            "skipped": counts.skipped,
            "error": counts.error,
        })),
        ..AuditEvent::new(
            "predictions.rescored",
            "bulk_upload_job",
            AuditAction::Update,
        )
    }
}
