//! Stored rows as values of the domain.

use std::str::FromStr;

use accunode_domain::{
    Timestamp,
    id::{OrganizationId, UserId},
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
pub(crate) struct RowRef {
    /// The table.
    pub(crate) table: &'static str,
    /// The row.
    pub(crate) id: Uuid,
}

impl RowRef {
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

/// Whose a row is, from its level, its organization and who made it.
pub(crate) fn owner_of(
    row: RowRef,
    level: &str,
    organization: Option<Uuid>,
    creator: Uuid,
) -> Result<(Owner, UserId), RepositoryError> {
    let level: AccessLevel = level.parse().map_err(|_| row.corrupt("access_level"))?;
    let creator = UserId(creator);
    let owner = Owner::of_row(level, organization.map(OrganizationId), creator);
    Ok((
        owner.ok_or_else(|| row.corrupt("organization_id"))?,
        creator,
    ))
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
