//! The companies that a chunk's symbols stand for: found, or made.

use std::collections::HashMap;

use accunode_domain::access::Scope;
use accunode_ports::{RepositoryError, repositories::JobChunk};
use sqlx::{QueryBuilder, postgres::PgRow};
use uuid::Uuid;

use super::Candidate;
use crate::{db::Db, repositories::company::lookup_keys, row::get};

/// A company as predictions keep it.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) sector: String,
}

/// The companies of a chunk.
#[derive(Debug, Default)]
pub(super) struct Companies {
    by_symbol: HashMap<String, Known>,
    /// How many were made.
    pub(super) made: u32,
}

impl Companies {
    /// The company of a row. Every row of the chunk has one.
    pub(super) fn of(&self, row: &Candidate<'_>) -> Option<&Known> {
        self.by_symbol.get(row.scored.company.symbol.as_str())
    }

    fn learn(&mut self, rows: &[PgRow]) -> Result<(), RepositoryError> {
        for row in rows {
            let known = Known {
                id: get(row, "id")?,
                name: get(row, "name")?,
                sector: get(row, "sector")?,
            };
            self.by_symbol.insert(get(row, "symbol")?, known);
        }
        Ok(())
    }
}

/// Finds every symbol's company or makes it for the owner, as the first row that names
/// it describes it. Made in the order of their symbols, so that two chunks do not wait
/// for each other.
pub(super) async fn find_or_make(
    db: &Db,
    scope: &Scope,
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
    // A second look finds those that somebody else makes at this moment.
    for _ in 0..3 {
        companies.learn(&look_up(db, &keys, &missing).await?)?;
        missing.retain(|row| companies.of(row).is_none());
        if missing.is_empty() {
            return Ok(companies);
        }
        let made = make(db, chunk, &missing).await?;
        companies.made += u32::try_from(made.len()).unwrap_or(u32::MAX);
        companies.learn(&made)?;
        missing.retain(|row| companies.of(row).is_none());
        if missing.is_empty() {
            return Ok(companies);
        }
    }
    Err(RepositoryError::Conflict {
        constraint: "unique_company_symbol_per_org".to_owned(),
    })
}

async fn look_up(
    db: &Db,
    keys: &[Uuid],
    wanted: &[Candidate<'_>],
) -> Result<Vec<PgRow>, RepositoryError> {
    let symbols: Vec<_> = wanted
        .iter()
        .map(|row| row.scored.company.symbol.as_str().to_owned())
        .collect();
    let mut sql = QueryBuilder::new("SELECT c.id, c.symbol, c.name, c.sector FROM unnest(");
    sql.push_bind(symbols)
        .push(
            "::text[]) s (symbol) CROSS JOIN LATERAL (\
             SELECT c.id, c.symbol, c.name, c.sector FROM unnest(",
        )
        .push_bind(keys.to_vec())
        .push(
            "::uuid[]) WITH ORDINALITY o (key, rank) \
             CROSS JOIN LATERAL (SELECT * FROM companies c WHERE c.owner_key = o.key AND c.symbol = s.symbol LIMIT 1) c \
             ORDER BY o.rank LIMIT 1) c",
        );
    db.all(sql).await
}

async fn make(
    db: &Db,
    chunk: &JobChunk,
    wanted: &[Candidate<'_>],
) -> Result<Vec<PgRow>, RepositoryError> {
    let owner = chunk.grant.owner();
    let profiles: Vec<_> = wanted.iter().map(|row| &row.scored.company).collect();
    let ids: Vec<_> = wanted.iter().map(|row| row.scored.company_id.0).collect();
    let symbols: Vec<_> = profiles
        .iter()
        .map(|p| p.symbol.as_str().to_owned())
        .collect();
    let names: Vec<_> = profiles.iter().map(|p| p.name.clone()).collect();
    let sectors: Vec<_> = profiles.iter().map(|p| p.sector.clone()).collect();
    let industries: Vec<_> = profiles.iter().map(|p| p.industry.clone()).collect();
    let market_caps: Vec<_> = profiles.iter().map(|p| p.market_cap).collect();
    let countries: Vec<_> = profiles.iter().map(|p| p.country.clone()).collect();
    let currencies: Vec<_> = profiles.iter().map(|p| p.currency.clone()).collect();
    let exchanges: Vec<_> = profiles.iter().map(|p| p.exchange.clone()).collect();
    let mut sql = QueryBuilder::new(
        "INSERT INTO companies (id, symbol, name, sector, industry, market_cap, country, currency, exchange, \
         organization_id, access_level, created_by) SELECT n.*, ",
    );
    sql.push_bind(owner.organization().map(|id| id.0))
        .push("::uuid, ")
        .push_bind(owner.level().as_str())
        .push("::text, ")
        .push_bind(chunk.grant.by().0)
        .push("::uuid FROM unnest(")
        .push_bind(ids)
        .push("::uuid[], ")
        .push_bind(symbols)
        .push("::text[], ")
        .push_bind(names)
        .push("::text[], ")
        .push_bind(sectors)
        .push("::text[], ")
        .push_bind(industries)
        .push("::text[], ")
        .push_bind(market_caps)
        .push("::bigint[], ")
        .push_bind(countries)
        .push("::text[], ")
        .push_bind(currencies)
        .push("::text[], ")
        .push_bind(exchanges)
        .push(
            "::text[]) n (id, symbol, name, sector, industry, market_cap, country, currency, exchange) \
             ORDER BY n.symbol ON CONFLICT ON CONSTRAINT unique_company_symbol_per_org DO NOTHING \
             RETURNING id, symbol, name, sector",
        );
    db.all(sql).await
}
