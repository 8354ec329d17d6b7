//! Converts stored rows to values of the domain.

use std::str::FromStr;

use accunode_domain::{
    Timestamp,
    id::{OrganizationId, UserId},
    owner::{AccessLevel, Owner},
    page::{Cursor, Sort},
    timestamp::timestamp_from_micros,
};
use accunode_ports::{RepositoryError, error::Cause};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::{entities::Named, errors::defect};

/// A reference to a stored row, for errors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowRef {
    /// The table.
    pub(crate) table: &'static str,
    /// The row's id.
    pub(crate) id: Uuid,
}

impl RowRef {
    /// The error for a column that is not a value of the domain.
    pub(crate) fn corrupt(self, column: &'static str) -> RepositoryError {
        self.corrupt_by(column, "the value is outside of its range")
    }

    /// The error for a column that is not a value of the domain, with its cause.
    pub(crate) fn corrupt_by(
        self,
        column: &'static str,
        cause: impl Into<Cause>,
    ) -> RepositoryError {
        RepositoryError::Corrupt {
            table: self.table,
            column,
            id: self.id.to_string(),
            cause: cause.into(),
        }
    }

    /// Parses a text that names a value of the domain.
    pub(crate) fn parsed<T>(self, column: &'static str, text: &str) -> Result<T, RepositoryError>
    where
        T: FromStr<Err: Into<Cause>>,
    {
        text.parse().map_err(|cause| self.corrupt_by(column, cause))
    }

    /// Returns the value of a column that contains its name.
    pub(crate) fn known<T>(
        self,
        column: &'static str,
        stored: Named<T>,
    ) -> Result<T, RepositoryError> {
        stored
            .value()
            .map_err(|unknown| self.corrupt_by(column, unknown))
    }

    /// Returns the value of a JSON column.
    pub(crate) fn json<T: DeserializeOwned>(
        self,
        column: &'static str,
        stored: Value,
    ) -> Result<T, RepositoryError> {
        serde_json::from_value(stored).map_err(|error| self.corrupt_by(column, error))
    }

    /// Returns a count or a number that is never negative.
    pub(crate) fn count(self, column: &'static str, stored: i32) -> Result<u32, RepositoryError> {
        u32::try_from(stored).map_err(|error| self.corrupt_by(column, error))
    }
}

/// Returns the owner of a row, from its level, its organization and its creator.
pub(crate) fn owner_of(
    row: RowRef,
    level: &str,
    organization: Option<Uuid>,
    creator: Uuid,
) -> Result<(Owner, UserId), RepositoryError> {
    let level: AccessLevel = row.parsed("access_level", level)?;
    let creator = UserId(creator);
    let owner = Owner::of_row(level, organization.map(OrganizationId), creator);
    Ok((
        owner.ok_or_else(|| {
            row.corrupt_by("organization_id", "set for another level, or missing")
        })?,
        creator,
    ))
}

/// Returns the cursor's key of a time: microseconds since 1970, the database's own
/// precision.
pub(crate) fn time_key(at: Timestamp) -> String {
    (at.unix_timestamp_nanos() / 1_000).to_string()
}

/// Returns the time of a cursor's key.
pub(crate) fn key_time(cursor: &Cursor) -> Result<Timestamp, RepositoryError> {
    let micros = cursor.key.parse().ok();
    micros
        .and_then(timestamp_from_micros)
        .ok_or_else(|| bad_cursor(cursor.sort))
}

/// The error for a cursor that this program did not make. Callers only open cursors that
/// they sealed.
pub(crate) fn bad_cursor(sort: Sort) -> RepositoryError {
    defect(format!("not a cursor of a list by {sort}"))
}

/// Escapes a text so that a LIKE pattern matches it literally.
pub(crate) fn like_pattern(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}

/// Returns a text that PostgreSQL accepts, which must not contain a null character.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
