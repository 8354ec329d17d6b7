//! Predictions that were there before a chunk, or came in while it was stored.

use std::collections::HashMap;

use accunode_domain::{id::JobId, prediction::OnConflict, ratio::RatioUnit};
use accunode_ports::{RepositoryError, jobs::Lease, repositories::JobChunk};
use serde_json::Value;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::{number, owner_key, repeats::Group, staging};
use crate::{
    db::Db,
    kinds::KindNames,
    repositories::said::raw_ratios,
    row::{RowRef, get},
};

/// A prediction that stands where a row wanted to.
#[derive(Debug)]
pub(super) struct Existing {
    /// The row of the file that met it.
    pub(super) row: i32,
    /// The prediction; `None` where a dry run only said that there would be one.
    pub(super) id: Option<Uuid>,
    /// The upload and row that made it.
    pub(super) origin: Option<(JobId, u32)>,
    /// Its ratios as sent.
    pub(super) raw: (Vec<Option<String>>, RatioUnit),
    /// What it was before it was updated; `None` where it was not.
    pub(super) old_values: Option<Value>,
    /// The earlier row of this file that updated it, with its text.
    pub(super) updated_before: Option<(u32, Option<String>)>,
    /// The text of the earlier row that made it, where a dry run keeps that.
    pub(super) source: Option<String>,
}

impl Existing {
    /// The earlier row of this file that made it.
    pub(super) fn made_by(&self, job: JobId) -> Option<u32> {
        self.origin
            .filter(|(origin, _)| *origin == job)
            .map(|(_, row)| row)
    }
}

/// Those that stand in the way of these staged rows, by row.
pub(super) async fn find(
    db: &Db,
    chunk: &JobChunk,
    rows: &[i32],
) -> Result<HashMap<i32, Existing>, RepositoryError> {
    let kind = chunk.kind;
    let mut sql = QueryBuilder::new(
        "SELECT s.bulk_row AS met_by, e.id, e.bulk_job_id, e.bulk_row, e.raw_ratios FROM ",
    );
    push_staged(&mut sql, chunk, rows);
    sql.push(format_args!(
        " s CROSS JOIN LATERAL (SELECT p.id, p.bulk_job_id, p.bulk_row, p.raw_ratios FROM {} p \
         WHERE p.company_id = s.company_id AND {} AND p.owner_key = ",
        kind.table(),
        same_period(chunk)
    ))
    .push_bind(owner_key(chunk))
    .push(" LIMIT 1) e");
    let mut found = HashMap::new();
    for row in db.all(sql).await? {
        let id: Uuid = get(&row, "id")?;
        let place = RowRef {
            table: kind.table(),
            id,
        };
        let origin = match get::<Option<Uuid>>(&row, "bulk_job_id")? {
            Some(job) => Some((JobId(job), place.unsigned(&row, "bulk_row")?)),
            None => None,
        };
        let met_by = get(&row, "met_by")?;
        let existing = Existing {
            row: met_by,
            id: Some(id),
            origin,
            raw: raw_ratios(kind, &get(&row, "raw_ratios")?)
                .ok_or_else(|| place.corrupt("raw_ratios"))?,
            old_values: None,
            updated_before: None,
            source: None,
        };
        found.insert(met_by, existing);
    }
    Ok(found)
}

/// Where the policy is `update`: writes the staged rows over those that may be written.
/// Locking them needs the right to change them, so those that stay unlocked are the
/// ones that may not be written.
pub(super) async fn update(
    db: &Db,
    lease: &Lease,
    chunk: &JobChunk,
    there: &mut HashMap<i32, Existing>,
) -> Result<(), RepositoryError> {
    if chunk.on_conflict != OnConflict::Update || there.is_empty() {
        return Ok(());
    }
    let kind = chunk.kind;
    let rows: Vec<_> = there.keys().copied().collect();
    let mut sql = QueryBuilder::new("SELECT s.bulk_row AS met_by, e.old FROM ");
    push_staged(&mut sql, chunk, &rows);
    sql.push(format_args!(
        " s CROSS JOIN LATERAL (SELECT to_jsonb(p) - 'owner_key' AS old FROM {} p \
         WHERE p.company_id = s.company_id AND {} AND p.owner_key = ",
        kind.table(),
        same_period(chunk)
    ))
    .push_bind(owner_key(chunk))
    .push(" FOR UPDATE) e");
    for row in db.all(sql).await? {
        if let Some(existing) = there.get_mut(&get(&row, "met_by")?) {
            existing.old_values = Some(get(&row, "old")?);
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
    let assignments: Vec<_> = staging::scored_columns(kind)
        .into_iter()
        .map(|column| format!("{column} = s.{column}"))
        .collect();
    let mut sql = QueryBuilder::new(format!(
        "UPDATE {} p SET {}, predicted_at = ",
        kind.table(),
        assignments.join(", ")
    ));
    sql.push_bind(chunk.predicted_at)
        .push(", bulk_row = CASE WHEN p.bulk_job_id = ")
        .push_bind(lease.job.0)
        .push(" THEN s.bulk_row ELSE p.bulk_row END FROM unnest(")
        .push_bind(ids.clone())
        .push("::uuid[], ")
        .push_bind(rows)
        .push(format_args!(
            "::int[]) n (id, staged) JOIN {} s ON s.bulk_row = n.staged WHERE p.id = n.id",
            kind.staging()
        ));
    db.run(sql).await?;
    recall_updates(db, lease, ids, there).await
}

/// Rows of earlier chunks of this file that updated the same predictions: the row that
/// updates them now inherits what they replaced.
async fn recall_updates(
    db: &Db,
    lease: &Lease,
    ids: Vec<Uuid>,
    there: &mut HashMap<i32, Existing>,
) -> Result<(), RepositoryError> {
    let mut sql = QueryBuilder::new(
        "SELECT row_number, prediction_id, source, old_values FROM bulk_upload_rows \
         WHERE status = 'updated' AND job_id = ",
    );
    sql.push_bind(lease.job.0)
        .push(" AND prediction_id = ANY (")
        .push_bind(ids)
        .push(")");
    let place = RowRef {
        table: "bulk_upload_rows",
        id: lease.job.0,
    };
    let mut earlier = HashMap::new();
    for row in db.all(sql).await? {
        earlier.insert(get::<Uuid>(&row, "prediction_id")?, row);
    }
    for existing in there.values_mut() {
        if let Some(row) = existing.id.and_then(|id| earlier.get(&id)) {
            existing.updated_before =
                Some((place.unsigned(row, "row_number")?, get(row, "source")?));
            existing.old_values = get(row, "old_values")?;
        }
    }
    Ok(())
}

/// In a dry run: earlier rows of the file that would have made what these rows meet.
pub(super) async fn find_foretold(
    db: &Db,
    lease: &Lease,
    chunk: &JobChunk,
    groups: &[Group<'_>],
    there: &mut HashMap<i32, Existing>,
) -> Result<(), RepositoryError> {
    let rows: HashMap<String, i32> = groups
        .iter()
        .map(|group| (group.chosen.company_period(), number(group.chosen.row)))
        .filter(|(_, row)| !there.contains_key(row))
        .collect();
    let keys: Vec<_> = rows.keys().cloned().collect();
    let mut sql = QueryBuilder::new(
        "SELECT row_number, company_period, raw_ratios, source FROM bulk_upload_rows WHERE job_id = ",
    );
    sql.push_bind(lease.job.0)
        .push(" AND company_period = ANY (")
        .push_bind(keys)
        .push(")");
    let place = RowRef {
        table: "bulk_upload_rows",
        id: lease.job.0,
    };
    for row in db.all(sql).await? {
        let Some(&met_by) = rows.get(get::<&str>(&row, "company_period")?) else {
            continue;
        };
        let existing = Existing {
            row: met_by,
            id: None,
            origin: Some((lease.job, place.unsigned(&row, "row_number")?)),
            raw: raw_ratios(chunk.kind, &get(&row, "raw_ratios")?)
                .ok_or_else(|| place.corrupt("raw_ratios"))?,
            // Its own uploader may write it.
            old_values: Some(Value::Null),
            updated_before: None,
            source: get(&row, "source")?,
        };
        there.insert(met_by, existing);
    }
    Ok(())
}

/// `(SELECT … ORDER BY the unique key)`: locks are taken in one order by everybody.
fn push_staged(sql: &mut QueryBuilder<Postgres>, chunk: &JobChunk, rows: &[i32]) {
    let period = chunk.kind.period().join(", ");
    sql.push(format_args!(
        "(SELECT bulk_row, company_id, {period} FROM {} WHERE bulk_row = ANY (",
        chunk.kind.staging()
    ))
    .push_bind(rows.to_vec())
    .push(format_args!("::int[]) ORDER BY company_id, {period})"));
}

fn same_period(chunk: &JobChunk) -> String {
    let same: Vec<_> = chunk
        .kind
        .period()
        .iter()
        .map(|column| format!("p.{column} = s.{column}"))
        .collect();
    same.join(" AND ")
}
