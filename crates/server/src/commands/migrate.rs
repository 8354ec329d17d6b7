//! `accunode migrate up|down|status`.

use anyhow::{bail, ensure};

use super::{print_line, with_database};
use crate::cli::Migrate;
use crate::config::Config;
use crate::database::Database;

/// Migrates, or prints the state of the database.
///
/// # Errors
/// If the database cannot be reached or changed; `status` also while a migration is missing.
pub fn run(config: &Config, action: Migrate) -> anyhow::Result<()> {
    with_database(config, async |database| {
        // This also applies to `status` and `down`: without its database and roles an embedded
        // server has no state to report.
        if database.is_embedded() || matches!(action, Migrate::Up) {
            database.bootstrap().await?;
        }
        match action {
            Migrate::Up => up(database).await,
            Migrate::Down { steps } => down(database, steps).await,
            Migrate::Status => status(database).await,
        }
    })
}

async fn up(database: &Database) -> anyhow::Result<()> {
    let url = database.migration_url().await?;
    let applied = accunode_migration::migrate_up(url.expose()).await?;
    if applied.is_empty() {
        return print_line("nothing to do");
    }
    applied
        .iter()
        .try_for_each(|name| print_line(format_args!("applied {name}")))
}

async fn down(database: &Database, steps: u32) -> anyhow::Result<()> {
    let url = database.migration_url().await?;
    let taken_back = accunode_migration::migrate_down(url.expose(), steps).await?;
    ensure!(!taken_back.is_empty(), "there is no migration to take back");
    taken_back
        .iter()
        .try_for_each(|name| print_line(format_args!("took back {name}")))
}

async fn status(database: &Database) -> anyhow::Result<()> {
    let status = database.status().await?;
    for (word, names) in [
        ("applied", &status.applied),
        ("missing", &status.pending),
        ("unknown", &status.unknown),
    ] {
        names
            .iter()
            .try_for_each(|name| print_line(format_args!("{word} {name}")))?;
    }
    if status.is_current() {
        return Ok(());
    }
    bail!(
        "{} missing: run `accunode migrate up`",
        status.pending.len()
    )
}
