//! The companies of a chunk's symbols: found, or created.

use std::collections::HashMap;

use accunode_domain::{
    access::Scope,
    identifier::{IdentifierKind, Identifiers},
    intake::Described,
};
use accunode_ports::{
    Conflict, RepositoryError,
    repositories::{JobChunk, Lease},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ColumnType, IdenStatic, Iterable,
    sea_query::sea_value_to_json_value,
};
use serde_json::{Map, Value};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{Candidate, ledger};
use crate::{
    db::Tx,
    entities::companies::{ActiveModel, Column},
    errors::{defect, from_sqlx},
    repositories::company::lookup_keys,
    sql::Sql,
};

const LOOK_UP: &str = include_str!("sql/look_up_companies.sql");
const MAKE: &str = include_str!("sql/make_companies.sql");

/// A company as predictions store it.
#[derive(Clone, Debug)]
pub(super) struct StoredCompany {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) sector: String,
    pub(super) exchange: Option<String>,
    pub(super) country: String,
    pub(super) identifiers: Identifiers,
}

impl StoredCompany {
    /// Returns what distinguishes it from another company of the same symbol.
    pub(super) fn described(&self) -> Described<'_> {
        Described {
            name: &self.name,
            exchange: self.exchange.as_deref(),
            country: &self.country,
            lei: self.identifiers.lei.as_deref(),
        }
    }
}

/// The companies of a chunk.
#[derive(Debug, Default)]
pub(super) struct Companies {
    by_symbol: HashMap<String, StoredCompany>,
    /// The number of companies that were created.
    pub(super) made: u32,
}

impl Companies {
    /// Returns the company of a row. Every row of the chunk has one.
    pub(super) fn of(&self, row: &Candidate<'_>) -> Option<&StoredCompany> {
        self.by_symbol.get(row.scored.company.symbol.as_str())
    }

    fn learn(&mut self, rows: Vec<Row>) {
        for row in rows {
            let (id, symbol, name, sector, exchange, country, isin, lei, figi, national_id) = row;
            let identifiers = Identifiers {
                isin,
                lei,
                figi,
                national_id,
            };
            let known = StoredCompany {
                id,
                name,
                sector,
                exchange,
                country,
                identifiers,
            };
            self.by_symbol.insert(symbol, known);
        }
    }
}

/// Id, symbol, name, sector, exchange and country of a company, and its identifiers in the
/// order of [`IdentifierKind::ALL`].
type Row = (
    Uuid,
    String,
    String,
    String,
    Option<String>,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// Finds the company of every symbol, or creates it for the owner as the first row that
/// names it describes it. Companies are created in the order of their symbols, so that two
/// chunks do not deadlock.
pub(super) async fn find_or_make(
    tx: &Tx,
    scope: &Scope,
    lease: &Lease,
    chunk: &JobChunk,
    candidates: &[Candidate<'_>],
) -> Result<Companies, RepositoryError> {
    let keys = lookup_keys(scope, chunk.grant, chunk.home);
    let mut companies = Companies::default();
    let mut missing: Vec<Candidate<'_>> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for candidate in candidates {
        if seen.insert(candidate.scored.company.symbol.as_str()) {
            missing.push(*candidate);
        }
    }
    // A second attempt finds companies that another transaction creates at the same time.
    for _ in 0..3 {
        companies.learn(look_up(tx, &keys, &missing).await?);
        missing.retain(|row| companies.of(row).is_none());
        if missing.is_empty() {
            return Ok(companies);
        }
        // The chunk before may be making them. Whichever of two chunks made a company first, the
        // other would wait for it, and the later one waits for the earlier one in the end.
        ledger::wait_for_previous(tx, lease, chunk).await?;
        let made = make(tx, chunk, &missing).await?;
        companies.made += u32::try_from(made.len()).unwrap_or(u32::MAX);
        companies.learn(made);
        missing.retain(|row| companies.of(row).is_none());
        if missing.is_empty() {
            return Ok(companies);
        }
    }
    Err(Conflict::SymbolTaken.into())
}

async fn look_up(
    tx: &Tx,
    keys: &[Uuid],
    wanted: &[Candidate<'_>],
) -> Result<Vec<Row>, RepositoryError> {
    let symbols = wanted
        .iter()
        .map(|row| row.scored.company.symbol.as_str().to_owned());
    sqlx::query_as(LOOK_UP)
        .bind(symbols.collect::<Vec<_>>())
        .bind(keys)
        .fetch_all(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)
}

async fn make(
    tx: &Tx,
    chunk: &JobChunk,
    wanted: &[Candidate<'_>],
) -> Result<Vec<Row>, RepositoryError> {
    let owner = chunk.grant.owner();
    let rows: Vec<_> = wanted.iter().map(new).collect();
    let columns: Vec<_> = Column::iter()
        .filter(|column| rows.first().is_some_and(|row| row.get(*column).is_set()))
        .collect();
    let names: Vec<_> = columns.iter().map(|column| column.as_str()).collect();
    let types = columns.iter().map(|column| {
        let sql_type = sql_type(column.def().get_column_type())?;
        Ok(format!("{} {sql_type}", column.as_str()))
    });
    let types = types.collect::<Result<Vec<_>, RepositoryError>>()?;
    let expressions: Vec<_> = names.iter().map(|name| expression(name)).collect();
    let sql = Sql::of(MAKE)
        .with("columns", &names.join(", "))
        .with("values", &expressions.join(", "))
        .with("types", &types.join(", "))
        .text()?;
    let values = rows.into_iter().map(|row| as_json(row, &columns));
    sqlx::query_as(AssertSqlSafe(sql))
        .bind(owner.organization().map(|id| id.0))
        .bind(owner.level().as_str())
        .bind(chunk.grant.by().0)
        .bind(Value::Array(values.collect()))
        .bind(owner.key())
        .fetch_all(&mut **tx.connection().await)
        .await
        .map_err(from_sqlx)
}

/// Returns the expression for a column: an identifier is stored only if no other company
/// has it.
fn expression(column: &str) -> String {
    let is_identifier = IdentifierKind::ALL
        .iter()
        .any(|kind| kind.as_str() == column);
    if !is_identifier {
        return format!("n.{column}");
    }
    format!(
        "CASE WHEN EXISTS (SELECT FROM companies c WHERE c.owner_key = $5 AND c.{column} = n.{column}) \
           OR row_number() OVER (PARTITION BY n.{column} ORDER BY n.symbol) > 1 \
         THEN NULL ELSE n.{column} END"
    )
}

/// Returns the company that a row describes, without its owner.
fn new(row: &Candidate<'_>) -> ActiveModel {
    ActiveModel {
        id: ActiveValue::Set(row.scored.company_id.0),
        ..ActiveModel::describing(&row.scored.company)
    }
}

fn as_json(row: ActiveModel, columns: &[Column]) -> Value {
    let columns = columns.iter().filter_map(|column| {
        let value = row.get(*column).into_value()?;
        Some((column.as_str().to_owned(), sea_value_to_json_value(&value)))
    });
    Value::Object(columns.collect::<Map<_, _>>())
}

/// Returns the type with which JSON is read into a column.
fn sql_type(column: &ColumnType) -> Result<&'static str, RepositoryError> {
    Ok(match column {
        ColumnType::String(_) | ColumnType::Text => "text",
        ColumnType::Integer => "integer",
        ColumnType::BigInteger => "bigint",
        ColumnType::Boolean => "boolean",
        ColumnType::Uuid => "uuid",
        other => return Err(defect(format!("companies have no columns of {other:?}"))),
    })
}
