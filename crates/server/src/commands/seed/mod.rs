//! `accunode seed`: data for demonstrations and measurements. Both commands refuse a database that
//! is in use.

mod demo;
mod load;
mod outcomes;
mod portfolio;

pub use demo::{PASSWORD as DEMO_PASSWORD, fill as fill_demo};
pub use load::Load;

use anyhow::bail;
use sqlx::{Connection, PgConnection};

use super::with_database;
use crate::{cli::Seed, config::Config};

/// Fills an empty database.
///
/// # Errors
/// If the database contains other data; those of the database.
pub fn run(config: &Config, what: &Seed) -> anyhow::Result<()> {
    match what {
        Seed::Demo { password } => demo::run(config, password),
        Seed::Load(load) => with_database(config, async |database| {
            database.ensure_schema().await?;
            let mut connection = database.connect_as_owner().await?;
            require_only(&mut connection, &[], &[]).await?;
            load::run(&mut connection, load).await?;
            Ok(connection.close().await?)
        }),
    }
}

/// Checks that the database contains only these accounts and organizations.
async fn require_only(
    connection: &mut PgConnection,
    emails: &[String],
    organizations: &[String],
) -> anyhow::Result<()> {
    let others: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM users WHERE email <> ALL($1)) \
              + (SELECT count(*) FROM organizations WHERE name <> ALL($2))",
    )
    .bind(emails)
    .bind(organizations)
    .fetch_one(connection)
    .await?;
    if others > 0 {
        bail!(
            "the database holds {others} accounts and organizations that are not of this data; \
             name an empty one with DATABASE_URL, or an empty folder with --data-dir"
        );
    }
    Ok(())
}
