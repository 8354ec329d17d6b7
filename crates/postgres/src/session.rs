//! The settings of a session, under which every statement of the service runs.
//!
//! A connection to PostgreSQL sends them when it starts: a pooler that would lose them refuses
//! the connection. Behind a pooler that shares sessions (PgBouncer in transaction mode) a setting
//! of the session would belong to the process that gets that session next, so there they are settings of
//! the role in the database, which every session of it has from its start.

use std::str::FromStr;

use sqlx::{Acquire, PgConnection, postgres::PgConnectOptions};

use crate::{PoolKind, PoolSettings};

/// A setting of PostgreSQL, with its value as `pg_settings` shows it.
pub type Setting = (&'static str, String);

/// How long a transaction may be open without a statement, in milliseconds.
const IDLE_IN_TRANSACTION: u64 = 30_000;

/// The lock under which the settings of a role are written: PostgreSQL refuses two writers.
const LOCK: i64 = 0x6163_6375_0002;

const SETTING_OF_ROLE: &str = "\
    SELECT format('ALTER ROLE CURRENT_USER IN DATABASE %I SET %I = %L', current_database(), $1, $2)";

/// `pg_settings` does not list the role.
const MISSING: &str = "\
    SELECT w.name \
      FROM unnest($1::text[], $2::text[]) AS w (name, setting) \
      LEFT JOIN pg_settings s ON lower(s.name) = lower(w.name) \
     WHERE coalesce(s.setting, current_setting(w.name, true)) IS DISTINCT FROM w.setting \
     ORDER BY w.name";

/// Reads a URL of PostgreSQL. The driver's setting for the digits of numbers as text is left out:
/// they are exact without it since PostgreSQL 12, and PgBouncer would refuse it.
///
/// # Errors
/// If it is none.
pub fn options(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    Ok(PgConnectOptions::from_str(url)?.extra_float_digits(None))
}

/// Returns the settings of a connection of a pool.
pub(crate) fn settings(settings: &PoolSettings, kind: PoolKind) -> Vec<Setting> {
    // The first, because the others are not refused to any role.
    let role = settings.set_role.iter();
    let role = role.map(|role| ("role", role.clone()));
    role.chain(common(settings))
        .chain(kind.planning())
        .collect()
}

/// Returns the settings of a role whose sessions are shared by all pools.
#[must_use]
pub fn of_role(settings: &PoolSettings) -> Vec<Setting> {
    let planning = PoolKind::ALL.into_iter().flat_map(PoolKind::planning);
    common(settings).into_iter().chain(planning).collect()
}

fn common(settings: &PoolSettings) -> [Setting; 6] {
    [
        (
            "statement_timeout",
            settings.statement_timeout.as_millis().to_string(),
        ),
        (
            "idle_in_transaction_session_timeout",
            IDLE_IN_TRANSACTION.to_string(),
        ),
        ("jit", "off".to_owned()),
        ("client_min_messages", "warning".to_owned()),
        ("TimeZone", "UTC".to_owned()),
        ("search_path", "public".to_owned()),
    ]
}

/// Returns the names of those settings that a session does not have.
///
/// # Errors
/// If the database does not answer.
pub async fn missing(
    connection: &mut PgConnection,
    wanted: &[Setting],
) -> Result<Vec<String>, sqlx::Error> {
    let (names, values): (Vec<_>, Vec<_>) = wanted
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .unzip();
    sqlx::query_scalar(MISSING)
        .bind(names)
        .bind(values)
        .fetch_all(connection)
        .await
}

/// Makes these the settings of the connection's own role in its database, if they are not.
/// Sessions that are open already keep what they have. Returns whether it changed something.
///
/// # Errors
/// If the database does not answer.
pub async fn give_to_role(
    connection: &mut PgConnection,
    wanted: &[Setting],
) -> Result<bool, sqlx::Error> {
    if missing(connection, wanted).await?.is_empty() {
        return Ok(false);
    }
    let mut tx = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *tx)
        .await?;
    for (name, value) in wanted {
        let statement: String = sqlx::query_scalar(SETTING_OF_ROLE)
            .bind(*name)
            .bind(value)
            .fetch_one(&mut *tx)
            .await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(true)
}
