//! Stored rows as values of the domain.

use std::str::FromStr;

use accunode_domain::{
    Timestamp,
    company::{Company, CompanyProfile, Symbol},
    id::{CompanyId, OrganizationId, UserId},
    owner::{AccessLevel, Owner},
    page::{Cursor, Sort},
    timestamp::timestamp_from_micros,
};
use accunode_ports::RepositoryError;
use sqlx::{Decode, Postgres, Row, Type, postgres::PgRow};
use uuid::Uuid;

use crate::errors::{defect, from_sqlx};

/// A column of a row.
pub(crate) fn get<'r, T>(row: &'r PgRow, column: &str) -> Result<T, RepositoryError>
where
    T: Decode<'r, Postgres> + Type<Postgres>,
{
    row.try_get(column).map_err(from_sqlx)
}

/// Which stored row is read, for the error that names it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The table.
    pub(crate) table: &'static str,
    /// The row.
    pub(crate) id: Uuid,
}

impl Place {
    /// A column that is no value of the domain.
    pub(crate) fn corrupt(self, column: &'static str) -> RepositoryError {
        RepositoryError::Corrupt {
            table: self.table,
            column,
            id: self.id.to_string(),
        }
    }

    /// A column whose text names a value of the domain.
    pub(crate) fn named<T: FromStr>(
        self,
        row: &PgRow,
        column: &'static str,
    ) -> Result<T, RepositoryError> {
        let text: &str = get(row, column)?;
        text.parse().map_err(|_| self.corrupt(column))
    }

    /// A count or a number that is never negative.
    pub(crate) fn unsigned(
        self,
        row: &PgRow,
        column: &'static str,
    ) -> Result<u32, RepositoryError> {
        u32::try_from(get::<i32>(row, column)?).map_err(|_| self.corrupt(column))
    }

    /// Whose the row is, from `access_level`, `organization_id`, `created_by`.
    pub(crate) fn owner(self, row: &PgRow) -> Result<(Owner, UserId), RepositoryError> {
        let level: AccessLevel = self.named(row, "access_level")?;
        let organization = get::<Option<Uuid>>(row, "organization_id")?.map(OrganizationId);
        let creator = UserId(get(row, "created_by")?);
        let owner = Owner::of_row(level, organization, creator);
        Ok((
            owner.ok_or_else(|| self.corrupt("organization_id"))?,
            creator,
        ))
    }
}

/// The columns of a company, of the alias `p`.
pub(crate) const COMPANY: &str = "p.id, p.symbol, p.name, p.sector, p.industry, p.market_cap, \
     p.country, p.currency, p.exchange, p.organization_id, p.access_level, p.created_by, \
     p.created_at, p.updated_at, p.row_version";

/// A company from [`COMPANY`].
pub(crate) fn company(row: &PgRow) -> Result<Company, RepositoryError> {
    let id: Uuid = get(row, "id")?;
    let (owner, created_by) = Place {
        table: "companies",
        id,
    }
    .owner(row)?;
    Ok(Company {
        id: CompanyId(id),
        profile: CompanyProfile {
            symbol: Symbol::from_stored(get(row, "symbol")?),
            name: get(row, "name")?,
            sector: get(row, "sector")?,
            industry: get(row, "industry")?,
            market_cap: get(row, "market_cap")?,
            country: get(row, "country")?,
            currency: get(row, "currency")?,
            exchange: get(row, "exchange")?,
        },
        owner,
        created_by,
        created_at: get(row, "created_at")?,
        updated_at: get(row, "updated_at")?,
        row_version: get(row, "row_version")?,
    })
}

/// The cursor's key of a time: microseconds since 1970, the database's own precision.
pub(crate) fn time_key(at: Timestamp) -> String {
    (at.unix_timestamp_nanos() / 1_000).to_string()
}

/// The time of a cursor's key.
pub(crate) fn key_time(cursor: &Cursor) -> Result<Timestamp, RepositoryError> {
    let micros = cursor.key.parse().ok();
    micros
        .and_then(timestamp_from_micros)
        .ok_or_else(|| bad_cursor(cursor.sort))
}

/// A cursor that this program did not make. Callers open only those they have sealed.
pub(crate) fn bad_cursor(sort: Sort) -> RepositoryError {
    defect(format!("not a cursor of a list by {sort}"))
}

/// A text that PostgreSQL takes: it has no null character.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
