//! Predictions that existed before a chunk, or were created while it was stored.

use std::collections::HashMap;

use accunode_domain::{
    id::JobId,
    prediction::{Kind, OnConflict},
    ratio::RatioUnit,
};
use accunode_ports::{
    RepositoryError,
    repositories::{JobChunk, Lease},
};
use serde_json::Value;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    Candidate, number, owner_key,
    repeats::{Group, differ},
    staging,
};
use crate::{
    db::Tx, entities::outcome_columns::raw_ratios, errors::from_sqlx, kinds::KindSchema,
    row::RowRef, sql::Sql,
};

const FIND: &str = include_str!("sql/find_existing.sql");
const LOCK: &str = include_str!("sql/lock_existing.sql");
const UPDATE: &str = include_str!("sql/update_existing.sql");
const EARLIER_UPDATES: &str = include_str!("sql/earlier_updates.sql");
const DRY_RUN_ROWS: &str = include_str!("sql/dry_run_rows.sql");

/// An existing prediction of the company and period of a row.
#[derive(Debug)]
pub(super) struct Existing {
    /// The row of the file that conflicts with it.
    pub(super) row: i32,
    /// The prediction; `None` if a dry run only determined that it would exist.
    pub(super) id: Option<Uuid>,
    /// The upload and row that created it.
    pub(super) origin: Option<(JobId, u32)>,
    /// Its ratios as sent.
    pub(super) raw: (Vec<Option<String>>, RatioUnit),
    /// Its values before it was updated; `None` if it was not.
    pub(super) old_values: Option<Value>,
    /// The version that this upload wrote; `None` if it did not update it.
    pub(super) written_version: Option<i64>,
    /// The earlier row of this file that updated it, with its text.
    pub(super) updated_before: Option<(u32, Option<String>)>,
    /// The text of the earlier row that created it, which a dry run keeps.
    pub(super) source: Option<String>,
}

impl Existing {
    /// Returns the earlier row of this file that created it.
    pub(super) fn made_by(&self, job: JobId) -> Option<u32> {
        self.origin
            .filter(|(origin, _)| *origin == job)
            .map(|(_, row)| row)
    }

    /// Returns whether a row has other ratios than it had when the chunk began.
    pub(super) fn has_other_ratios(&self, row: &Candidate<'_>) -> bool {
        let ratios = &row.scored.ratios;
        differ((&ratios.raw, ratios.unit), (&self.raw.0, self.raw.1))
    }
}

/// Returns a statement about staged rows and the predictions of their company and period.
fn of_staged(text: &str, kind: Kind) -> Result<AssertSqlSafe<String>, RepositoryError> {
    let same = kind.period().iter();
    let same: Vec<_> = same
        .map(|column| format!("p.{column} = s.{column}"))
        .collect();
    let sql = Sql::of(text)
        .with("same_period", &same.join(" AND "))
        .of_kind(kind);
    sql.text().map(AssertSqlSafe)
}

/// The conflicting row, the prediction, its upload and row there, its ratios as sent.
type ConflictRow = (i32, Uuid, Option<Uuid>, Option<i32>, Value);

/// Returns the predictions that conflict with these staged rows, by row.
pub(super) async fn find(
    tx: &Tx,
    chunk: &JobChunk,
    rows: &[i32],
) -> Result<HashMap<i32, Existing>, RepositoryError> {
    let kind = chunk.kind;
    let found: Vec<ConflictRow> = sqlx::query_as(of_staged(FIND, kind)?)
        .bind(rows)
        .bind(owner_key(chunk))
        .fetch_all(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)?;
    let existing = |(met_by, id, job, row, raw): ConflictRow| {
        let place = RowRef {
            table: kind.table(),
            id,
        };
        let origin = match (job, row) {
            (Some(job), Some(row)) => Some((JobId(job), place.count("bulk_row", row)?)),
            _ => None,
        };
        let existing = Existing {
            row: met_by,
            id: Some(id),
            origin,
            raw: raw_ratios(kind, &raw).ok_or_else(|| place.corrupt("raw_ratios"))?,
            old_values: None,
            written_version: None,
            updated_before: None,
            source: None,
        };
        Ok((met_by, existing))
    };
    found.into_iter().map(existing).collect()
}

/// If the policy is `update`: writes the staged rows over those predictions that may be
/// written. Locking them requires the right to change them, so those that stay unlocked may
/// not be written.
pub(super) async fn update(
    tx: &Tx,
    lease: &Lease,
    chunk: &JobChunk,
    there: &mut HashMap<i32, Existing>,
) -> Result<(), RepositoryError> {
    if chunk.on_conflict != OnConflict::Update || there.is_empty() {
        return Ok(());
    }
    let kind = chunk.kind;
    let rows: Vec<_> = there.keys().copied().collect();
    let locked: Vec<(i32, Value)> = sqlx::query_as(of_staged(LOCK, kind)?)
        .bind(rows)
        .bind(owner_key(chunk))
        .fetch_all(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)?;
    for (met_by, old) in locked {
        if let Some(existing) = there.get_mut(&met_by) {
            existing.old_values = Some(old);
        }
    }
    let writable = there
        .values()
        .filter(|existing| existing.old_values.is_some());
    let (rows, ids): (Vec<_>, Vec<_>) = writable
        .filter_map(|existing| Some((existing.row, existing.id?)))
        .unzip();
    if ids.is_empty() {
        return Ok(());
    }
    let sql = Sql::of(UPDATE)
        .with("assignments", &staging::assignments(kind))
        .of_kind(kind)
        .text()?;
    let written: Vec<(Uuid, i64)> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(chunk.predicted_at)
        .bind(lease.job.0)
        .bind(&ids)
        .bind(rows)
        .bind(owner_key(chunk))
        .fetch_all(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)?;
    let versions: HashMap<Uuid, i64> = written.into_iter().collect();
    for existing in there.values_mut() {
        existing.written_version = existing.id.and_then(|id| versions.get(&id).copied());
    }
    recall_updates(tx, lease, ids, there).await
}

/// Reads the rows of earlier chunks of this file that updated the same predictions: the row
/// that updates them now takes over the values that they replaced.
async fn recall_updates(
    tx: &Tx,
    lease: &Lease,
    ids: Vec<Uuid>,
    there: &mut HashMap<i32, Existing>,
) -> Result<(), RepositoryError> {
    type Earlier = (Uuid, i32, Option<String>, Option<Value>);
    let rows: Vec<Earlier> = sqlx::query_as(EARLIER_UPDATES)
        .bind(lease.job.0)
        .bind(ids)
        .fetch_all(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)?;
    let mut earlier = HashMap::new();
    for (prediction, row, source, old_values) in rows {
        let row = kept_row(lease).count("row_number", row)?;
        earlier.insert(prediction, (row, source, old_values));
    }
    for existing in there.values_mut() {
        if let Some((row, source, old_values)) = existing.id.and_then(|id| earlier.remove(&id)) {
            existing.updated_before = Some((row, source));
            existing.old_values = old_values;
        }
    }
    Ok(())
}

/// In a dry run: returns earlier rows of the file that would have created the existing
/// predictions.
pub(super) async fn find_dry_run_rows(
    tx: &Tx,
    lease: &Lease,
    chunk: &JobChunk,
    groups: &[Group<'_>],
    there: &mut HashMap<i32, Existing>,
) -> Result<(), RepositoryError> {
    type DryRunRow = (i32, String, Value, Option<String>);
    let rows: HashMap<String, i32> = groups
        .iter()
        .map(|group| (group.chosen.company_period(), number(group.chosen.row)))
        .filter(|(_, row)| !there.contains_key(row))
        .collect();
    let keys: Vec<_> = rows.keys().cloned().collect();
    let dry_run_rows: Vec<DryRunRow> = sqlx::query_as(DRY_RUN_ROWS)
        .bind(lease.job.0)
        .bind(keys)
        .fetch_all(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)?;
    let place = kept_row(lease);
    for (row, company_period, raw, source) in dry_run_rows {
        let Some(&met_by) = rows.get(&company_period) else {
            continue;
        };
        let existing = Existing {
            row: met_by,
            id: None,
            origin: Some((lease.job, place.count("row_number", row)?)),
            raw: raw_ratios(chunk.kind, &raw).ok_or_else(|| place.corrupt("raw_ratios"))?,
            // The user of the upload may write it.
            old_values: Some(Value::Null),
            written_version: None,
            updated_before: None,
            source,
        };
        there.insert(met_by, existing);
    }
    Ok(())
}

/// Returns the reference to a stored row of the job, for errors.
fn kept_row(lease: &Lease) -> RowRef {
    RowRef {
        table: "bulk_upload_rows",
        id: lease.job.0,
    }
}
