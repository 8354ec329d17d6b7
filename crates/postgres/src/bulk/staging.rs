//! The temporary table, and the one statement that stores from it. COPY itself is
//! refused under row-level security, and would end at the first key that is there.

use accunode_domain::{prediction::Kind, risk::SectorScope};
use accunode_ports::{RepositoryError, jobs::Lease, repositories::JobChunk};
use sea_orm::ConnectionTrait;
use sqlx::QueryBuilder;

use super::{companies::Companies, copy::CopyText, repeats::Group};
use crate::{
    db::Db,
    errors::{defect, from_orm, from_sqlx},
    kinds::KindNames,
    repositories::said::{probabilities, raw_json},
    row::get,
};

/// The staged columns, in order; the same names as in the table they are meant for.
pub(super) fn columns(kind: Kind) -> Vec<&'static str> {
    let mut columns = vec!["bulk_row", "id", "company_id"];
    columns.extend(kind.period());
    columns.extend(scored_columns(kind));
    columns
}

/// Those that an update writes too.
pub(super) fn scored_columns(kind: Kind) -> Vec<&'static str> {
    let mut columns = vec![
        "company_symbol",
        "company_name",
        "company_sector",
        "pd",
        "risk_level",
        "confidence",
        "model_name",
        "model_version",
        "model_sha256",
        "raw_ratios",
        "flags",
    ];
    columns.extend(kind.probabilities());
    columns.extend(kind.ratio_columns());
    columns
}

/// Makes the table once for each connection, and leaves it empty.
pub(super) async fn prepare(db: &Db, kind: Kind) -> Result<(), RepositoryError> {
    let staging = kind.staging();
    let name = staging.trim_start_matches("pg_temp.");
    let sql = format!(
        "CREATE TEMP TABLE IF NOT EXISTS {name} ON COMMIT DELETE ROWS AS SELECT {} FROM {} LIMIT 0; \
         DELETE FROM {staging}",
        columns(kind).join(", "),
        kind.table()
    );
    db.execute_unprepared(&sql)
        .await
        .map(|_| ())
        .map_err(from_orm)
}

/// Copies the chosen row of every group.
pub(super) async fn copy(
    db: &Db,
    chunk: &JobChunk,
    companies: &Companies,
    groups: &[Group<'_>],
) -> Result<(), RepositoryError> {
    let kind = chunk.kind;
    let mut text = CopyText::default();
    for Group { chosen, .. } in groups {
        let company = companies
            .of(chosen)
            .ok_or_else(|| defect("a row without its company"))?;
        let scored = chosen.scored;
        let outcome = &scored.outcome;
        if scored.period.kind() != kind || scored.ratios.values.len() != kind.ratios().len() {
            return Err(defect(format!(
                "row {} is not of a {kind} file",
                chosen.row
            )));
        }
        text.plain(chosen.row)
            .plain(scored.id)
            .plain(company.id)
            .plain(scored.period.year);
        if let Some(quarter) = scored.period.quarter {
            text.plain(quarter);
        }
        text.text(scored.company.symbol.as_str())
            .text(&company.name)
            .text(&company.sector)
            .plain(outcome.pd.get())
            .plain(outcome.risk_level)
            .decimal(Some(outcome.confidence))
            .text(&outcome.model.name)
            .text(&outcome.model.version)
            .text(&outcome.model.sha256)
            .text(&raw_json(kind, &scored.ratios).to_string());
        if chunk.sectors.covers(&company.sector) {
            text.texts(&scored.ratios.flags);
        } else {
            let mut flags = scored.ratios.flags.clone();
            flags.push(SectorScope::FLAG.to_owned());
            text.texts(&flags);
        }
        for probability in probabilities(kind, outcome)? {
            text.decimal(Some(probability));
        }
        for value in &scored.ratios.values {
            text.decimal(*value);
        }
        text.end();
    }
    let statement = format!(
        "COPY {} ({}) FROM STDIN",
        kind.staging(),
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

/// Stores the staged rows with these numbers, in the order of the unique key, and
/// answers the numbers of those that were stored.
pub(super) async fn insert(
    db: &Db,
    lease: &Lease,
    chunk: &JobChunk,
    rows: &[i32],
) -> Result<Vec<i32>, RepositoryError> {
    let kind = chunk.kind;
    let owner = chunk.grant.owner();
    let columns = columns(kind).join(", ");
    let mut sql = QueryBuilder::new(format!(
        "INSERT INTO {} ({columns}, predicted_at, bulk_job_id, organization_id, access_level, created_by) \
         SELECT {columns}, ",
        kind.table()
    ));
    sql.push_bind(chunk.predicted_at)
        .push("::timestamptz, ")
        .push_bind(lease.job.0)
        .push("::uuid, ")
        .push_bind(owner.organization().map(|id| id.0))
        .push("::uuid, ")
        .push_bind(owner.level().as_str())
        .push("::text, ")
        .push_bind(chunk.grant.by().0)
        .push(format_args!("::uuid FROM {} WHERE bulk_row = ANY (", kind.staging()))
        .push_bind(rows.to_vec())
        .push(format_args!(
            "::int[]) ORDER BY company_id, {} ON CONFLICT ON CONSTRAINT {} DO NOTHING RETURNING bulk_row",
            kind.period().join(", "),
            kind.unique()
        ));
    db.all(sql)
        .await?
        .iter()
        .map(|row| get(row, "bulk_row"))
        .collect()
}
