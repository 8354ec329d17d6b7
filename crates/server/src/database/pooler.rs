//! Poolers: whether a URL leads to one, and whether the service can work behind it.
//!
//! PgBouncer in transaction mode gives each transaction another session of PostgreSQL. Whatever
//! belongs to a session (a setting, a lock, `LISTEN`) would then be lost, or would meet another
//! process. So the service never uses a pooler without knowing it.

use std::time::Duration;

use accunode_postgres::{PoolSettings, session};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

use super::{DatabaseError, connect};

/// A setting that a connection to PostgreSQL starts with. A pooler refuses it, or loses it.
const MARK: (&str, &str) = ("accunode.reaches", "postgresql");

/// The time limit for asking whether prepared statements work.
const ANSWER: Duration = Duration::from_secs(5);

/// Returns whether a pooler answers instead of PostgreSQL.
pub(super) async fn answers(options: &PgConnectOptions) -> Result<bool, DatabaseError> {
    let mut connection = match connect(&options.clone().options([MARK])).await {
        Err(
            DatabaseError::Unreachable {
                source: sqlx::Error::Database(refused),
                ..
            }
            | DatabaseError::Sql(sqlx::Error::Database(refused)),
        ) if refused.message().contains("startup parameter") => return Ok(true),
        connected => connected?,
    };
    let mark: Option<String> = sqlx::query_scalar("SELECT current_setting($1, true)")
        .bind(MARK.0)
        .fetch_one(&mut connection)
        .await?;
    connection.close().await?;
    Ok(mark.as_deref() != Some(MARK.1))
}

/// What two URLs of one database and role have in common: the server, the database, the role.
async fn place(connection: &mut PgConnection) -> Result<(i64, String, String), DatabaseError> {
    let place = sqlx::query_as(
        "SELECT system_identifier, current_database()::text, session_user::text \
           FROM pg_control_system()",
    );
    Ok(place.fetch_one(connection).await?)
}

/// Gives the role that serves the settings that its sessions behind the pooler must have. To be
/// called before the first of those is opened.
pub(super) async fn give_settings(direct: &PgConnectOptions) -> Result<(), DatabaseError> {
    let mut connection = connect(direct).await?;
    let wanted = session::of_role(&PoolSettings::default());
    if session::give_to_role(&mut connection, &wanted).await? {
        tracing::info!("the role that serves got the settings of the service's sessions");
    }
    Ok(connection.close().await?)
}

/// Checks that the service can work behind the pooler.
pub(super) async fn check(
    pooled: &PgConnectOptions,
    direct: &PgConnectOptions,
) -> Result<(), DatabaseError> {
    let mut past = connect(direct).await?;
    let mut behind = connect(pooled).await?;
    let same = place(&mut past).await? == place(&mut behind).await?;
    past.close().await?;
    if !same {
        return Err(DatabaseError::DirectUrlElsewhere);
    }
    let wanted = session::of_role(&PoolSettings::default());
    let missing = session::missing(&mut behind, &wanted).await?;
    if !missing.is_empty() {
        return Err(DatabaseError::OldSessions(missing));
    }
    match tokio::time::timeout(ANSWER, prepares(&mut behind, pooled)).await {
        Ok(Err(DatabaseError::Sql(sqlx::Error::Database(error))))
            if lost_statement(error.code().as_deref()) =>
        {
            Err(DatabaseError::NoPreparedStatements)
        }
        Ok(other) => other,
        // Every session is in use, so nothing can be said.
        Err(_) => Ok(()),
    }
}

/// Uses one prepared statement in several sessions: while a second connection holds the session
/// that the first one had, the first one gets another.
async fn prepares(
    first: &mut PgConnection,
    pooled: &PgConnectOptions,
) -> Result<(), DatabaseError> {
    const STATEMENT: &str = "SELECT pg_backend_pid()";
    let mut second = connect(pooled).await?;
    let _: i32 = sqlx::query_scalar(STATEMENT).fetch_one(&mut *first).await?;
    sqlx::raw_sql("BEGIN").execute(&mut second).await?;
    let _: i32 = sqlx::query_scalar(STATEMENT).fetch_one(&mut second).await?;
    let _: i32 = sqlx::query_scalar(STATEMENT).fetch_one(first).await?;
    sqlx::raw_sql("ROLLBACK").execute(&mut second).await?;
    Ok(second.close().await?)
}

/// Returns whether an error says that a prepared statement does not exist, or exists already.
fn lost_statement(code: Option<&str>) -> bool {
    matches!(code, Some("26000" | "42P05" | "08P01"))
}
