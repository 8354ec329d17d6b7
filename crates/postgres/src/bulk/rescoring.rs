//! Storing a chunk of a rescoring, in the open transaction.
//!
//! 1. The job's row is locked under the lease; a lost lease stores nothing.
//! 2. What the model says is copied into a temporary table.
//! 3. The predictions are locked, in the order in which uploads lock them. Locking one
//!    needs the right to change it.
//! 4. Those that are as they were read are updated in one statement; the trigger keeps
//!    what they said before.
//! 5. What became of each is kept, with one audit row, counters and checkpoint.

use std::collections::{HashMap, HashSet};

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    fault::Fault,
    job::{JobCounts, RowStatus},
    prediction::Kind,
};
use accunode_ports::{
    RepositoryError,
    jobs::Lease,
    repositories::{AuditRepository, RescoredChunk, RescoredRow},
};
use sea_orm::ConnectionTrait;
use serde_json::json;
use sqlx::QueryBuilder;

use super::{budget, copy::CopyText, ledger, number, outcome::Kept};
use crate::{
    db::Db,
    errors::{defect, from_orm, from_sqlx},
    kinds::KindNames,
    repositories::said::probabilities,
    row::get,
};

/// Stores a chunk. See [`accunode_ports::repositories::JobRepository::store_rescored`].
pub(crate) async fn rescore(
    db: &Db,
    lease: &Lease,
    chunk: &RescoredChunk,
) -> Result<JobCounts, RepositoryError> {
    db.transaction()?;
    let job = ledger::lock(db, lease).await?;
    let found = if chunk.rows.iter().any(|row| row.scored.is_ok()) {
        prepare(db, chunk.kind).await?;
        copy(db, chunk).await?;
        let mut found = lock(db, chunk.kind).await?;
        found.unwritable = unwritable(db, chunk, &found).await?;
        update(db, chunk, &found).await?;
        found
    } else {
        Found::default()
    };
    let kept: Vec<_> = chunk.rows.iter().map(|row| told(row, &found)).collect();
    let counts = counted(&kept);
    let owner = chunk.grant.owner().key();
    let (kept, keeping) = budget::fit(db, owner, chunk.row_budget, job.rows_kept, kept).await?;
    ledger::keep_rows(db, lease, owner, &kept).await?;
    db.record(&chunk.context, audit_event(lease, chunk, counts))
        .await?;
    let (total, mut warnings) = (Some(chunk.total_rows), job.warnings);
    ledger::warn_of_rows_not_kept(&mut warnings, keeping, chunk.row_budget);
    let (kept, checkpoint) = (keeping.kept, chunk.checkpoint);
    ledger::advance(db, lease, counts, kept, total, warnings, checkpoint).await
}

/// What was found of the rows that were scored, by their numbers.
#[derive(Debug, Default)]
struct Found {
    /// Those that may be written, and whether they are as they were read.
    locked: HashMap<i32, bool>,
    /// Those that are as they were read and may not be written.
    unwritable: HashSet<i32>,
}

/// The columns that the model decides.
fn scored_columns(kind: Kind) -> Vec<&'static str> {
    let mut columns = vec!["pd", "risk_level", "confidence", "flags"];
    columns.extend(kind.probabilities());
    columns.extend(kind.ratio_columns());
    columns
}

/// The staged columns, in order; `n` is the row's number.
fn columns(kind: Kind) -> Vec<&'static str> {
    let mut columns = vec!["id", "row_version", "company_id"];
    columns.extend(kind.period());
    columns.extend(scored_columns(kind));
    columns
}

/// Makes the table once for each connection, and leaves it empty.
async fn prepare(db: &Db, kind: Kind) -> Result<(), RepositoryError> {
    let table = kind.rescored();
    let sql = format!(
        "CREATE TEMP TABLE IF NOT EXISTS {} ON COMMIT DELETE ROWS AS SELECT 0 AS n, {} FROM {} LIMIT 0; \
         DELETE FROM {table}",
        table.trim_start_matches("pg_temp."),
        columns(kind).join(", "),
        kind.table()
    );
    db.execute_unprepared(&sql)
        .await
        .map(|_| ())
        .map_err(from_orm)
}

async fn copy(db: &Db, chunk: &RescoredChunk) -> Result<(), RepositoryError> {
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
            .decimal(Some(outcome.confidence))
            .texts(&ratios.flags);
        for probability in probabilities(kind, outcome)? {
            text.decimal(Some(probability));
        }
        for value in &ratios.values {
            text.decimal(*value);
        }
        text.end();
    }
    let statement = format!(
        "COPY {} (n, {}) FROM STDIN",
        kind.rescored(),
        columns(kind).join(", ")
    );
    let mut connection = db.transaction()?.connection().await;
    let mut copy = connection
        .copy_in_raw(&statement)
        .await
        .map_err(from_sqlx)?;
    copy.send(text.into_bytes()).await.map_err(from_sqlx)?;
    copy.finish().await.map(|_| ()).map_err(from_sqlx)
}

async fn lock(db: &Db, kind: Kind) -> Result<Found, RepositoryError> {
    let sql = QueryBuilder::new(format!(
        "SELECT s.n, e.row_version = s.row_version AS same \
         FROM (SELECT n, id, row_version FROM {} ORDER BY company_id, {}) s \
         CROSS JOIN LATERAL (SELECT p.row_version FROM {} p WHERE p.id = s.id FOR UPDATE) e",
        kind.rescored(),
        kind.period().join(", "),
        kind.table()
    ));
    let mut found = Found::default();
    for row in db.all(sql).await? {
        found.locked.insert(get(&row, "n")?, get(&row, "same")?);
    }
    Ok(found)
}

/// Of those that could not be locked: the ones that are still there as they were read.
async fn unwritable(
    db: &Db,
    chunk: &RescoredChunk,
    found: &Found,
) -> Result<HashSet<i32>, RepositoryError> {
    let rows: Vec<_> = scored(chunk)
        .map(|row| number(row.row))
        .filter(|n| !found.locked.contains_key(n))
        .collect();
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let mut sql = QueryBuilder::new(format!(
        "SELECT s.n FROM {} s CROSS JOIN LATERAL (SELECT p.row_version FROM {} p WHERE p.id = s.id) e \
         WHERE e.row_version = s.row_version AND s.n = ANY (",
        chunk.kind.rescored(),
        chunk.kind.table()
    ));
    sql.push_bind(rows).push(")");
    db.all(sql).await?.iter().map(|row| get(row, "n")).collect()
}

fn scored(chunk: &RescoredChunk) -> impl Iterator<Item = &RescoredRow> {
    chunk.rows.iter().filter(|row| row.scored.is_ok())
}

async fn update(db: &Db, chunk: &RescoredChunk, found: &Found) -> Result<(), RepositoryError> {
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
    let mut sql = QueryBuilder::new(format!(
        "UPDATE {} p SET {}, predicted_at = ",
        kind.table(),
        assignments.join(", ")
    ));
    sql.push_bind(chunk.predicted_at)
        .push(", model_name = ")
        .push_bind(chunk.model.name.clone())
        .push(", model_version = ")
        .push_bind(chunk.model.version.clone())
        .push(", model_sha256 = ")
        .push_bind(chunk.model.sha256.clone())
        .push(" FROM unnest(")
        .push_bind(ids)
        .push("::uuid[], ")
        .push_bind(rows)
        .push(format_args!(
            "::int[]) t (id, n) JOIN {} s ON s.n = t.n WHERE p.id = t.id AND p.row_version = s.row_version",
            kind.rescored()
        ));
    let written = db.run(sql).await?;
    if written == wanted as u64 {
        Ok(())
    } else {
        Err(defect(format!(
            "of {wanted} locked predictions {written} were updated"
        )))
    }
}

fn told(row: &RescoredRow, found: &Found) -> Kept {
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
    Kept {
        row: row.row,
        status,
        faults,
        source: None,
        prediction: Some(row.read.id.0),
        old_values: None,
        foretold: None,
    }
}

fn counted(kept: &[Kept]) -> JobCounts {
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
