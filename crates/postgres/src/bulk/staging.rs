//! The temporary table, and the one statement that stores from it. COPY itself is refused
//! under row-level security, and would end at the first key that exists already.

use accunode_domain::{decimal::Decimal, prediction::Kind, risk::SectorScope};
use accunode_ports::{
    RepositoryError,
    repositories::{JobChunk, Lease},
};
use sea_orm::ConnectionTrait;
use sqlx::AssertSqlSafe;

use super::{companies::Companies, copy::CopyText, repeats::Group};
use crate::{
    db::Tx,
    entities::outcome_columns::{probabilities, raw_json},
    errors::{defect, from_orm, from_sqlx},
    kinds::KindSchema,
    sql::Sql,
};

const PREPARE: &str = include_str!("sql/prepare_staging.sql");
const COPY: &str = include_str!("sql/copy_staging.sql");
const INSERT: &str = include_str!("sql/insert_staged.sql");

/// Returns the staged columns, in order, with the names of the target table.
pub(super) fn columns(kind: Kind) -> Vec<&'static str> {
    let mut columns = vec!["bulk_row", "id", "company_id"];
    columns.extend(kind.period());
    columns.extend(scored_columns(kind));
    columns
}

/// Returns the columns that an update also writes.
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

/// Creates the table once for each connection, and leaves it empty.
pub(super) async fn prepare(tx: &Tx, kind: Kind) -> Result<(), RepositoryError> {
    make_empty(tx, kind, kind.staging(), &columns(kind).join(", ")).await
}

/// Creates a temporary table with columns of the predictions, and leaves it empty.
pub(super) async fn make_empty(
    tx: &Tx,
    kind: Kind,
    table: &str,
    columns: &str,
) -> Result<(), RepositoryError> {
    let sql = Sql::of(PREPARE)
        .with("table", table)
        .with("columns", columns)
        .of_kind(kind)
        .text()?;
    let made = tx.execute_unprepared(&sql).await;
    made.map(|_| ()).map_err(from_orm)
}

/// Copies rows into a temporary table.
pub(super) async fn fill(
    tx: &Tx,
    table: &str,
    columns: &str,
    rows: CopyText,
) -> Result<(), RepositoryError> {
    let sql = Sql::of(COPY)
        .with("table", table)
        .with("columns", columns)
        .text()?;
    let mut connection = tx.connection().await;
    let mut copy = connection.copy_in_raw(&sql).await.map_err(from_sqlx)?;
    copy.send(rows.into_bytes()).await.map_err(from_sqlx)?;
    copy.finish().await.map(|_| ()).map_err(from_sqlx)
}

/// Returns the assignments of an update from the staged columns.
pub(super) fn assignments(kind: Kind) -> String {
    let columns = scored_columns(kind).into_iter();
    let assignments: Vec<_> = columns
        .map(|column| format!("{column} = s.{column}"))
        .collect();
    assignments.join(", ")
}

/// Copies the chosen row of every group.
pub(super) async fn copy(
    tx: &Tx,
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
            .decimal(Some(&Decimal::rounded(outcome.confidence)))
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
            text.decimal(Some(&probability));
        }
        for value in &scored.ratios.values {
            text.decimal(value.as_ref());
        }
        text.end();
    }
    fill(tx, kind.staging(), &columns(kind).join(", "), text).await
}

/// Stores the staged rows with these numbers, in the order of the unique key, and returns
/// the numbers of those that were stored.
pub(super) async fn insert(
    tx: &Tx,
    lease: &Lease,
    chunk: &JobChunk,
    rows: &[i32],
) -> Result<Vec<i32>, RepositoryError> {
    let kind = chunk.kind;
    let owner = chunk.grant.owner();
    let sql = Sql::of(INSERT)
        .with("columns", &columns(kind).join(", "))
        .of_kind(kind)
        .text()?;
    sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(chunk.predicted_at)
        .bind(lease.job.0)
        .bind(owner.organization().map(|id| id.0))
        .bind(owner.level().as_str())
        .bind(chunk.grant.by().0)
        .bind(rows)
        .fetch_all(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)
}
