//! `accunode maintain …`: maintenance of the database.

use accunode_domain::maintenance::{MaintenanceTask, RunStatus};
use accunode_postgres::{VerifiedMonth, drop_month, maintenance};
use anyhow::bail;
use sqlx::{Connection, PgConnection};
use time::Duration;

use super::{print_line, with_database};
use crate::{
    cli::Maintain,
    config::Config,
    database::Database,
    service::{Parts, Service},
};

/// Runs one maintenance task as the owner.
///
/// # Errors
/// If the database cannot be reached, or only the server's URL is known.
pub fn run(config: &Config, action: Maintain) -> anyhow::Result<()> {
    with_database(config, async |database| {
        database.ensure_schema().await?;
        match action {
            Maintain::Run { task } => return run_task(config, database, task).await,
            Maintain::AuditDrop { keep_days } => {
                return drop_months(config, database, keep_days).await;
            }
            _ => {}
        }
        let mut connection = database.connect_as_owner().await?;
        match action {
            Maintain::RebuildRollups => rebuild(&mut connection).await?,
            Maintain::FoldRollups => fold(&mut connection).await?,
            Maintain::AuditPartitions { ahead } => partitions(&mut connection, ahead).await?,
            Maintain::Run { .. } | Maintain::AuditDrop { .. } => {}
        }
        Ok(connection.close().await?)
    })
}

/// Returns the service without a web server, with the owner's rights if they are known.
async fn wired(config: &Config, database: &Database) -> anyhow::Result<Service> {
    let mut parts = Parts::load(config).await?;
    parts.owner = database.owner_options().await.ok();
    let route = database.route().await?;
    Service::of(config, &route, parts).await
}

async fn run_task(
    config: &Config,
    database: &Database,
    task: MaintenanceTask,
) -> anyhow::Result<()> {
    if task.needs_owner() {
        // Fails with the remedy if the owner's URL is unknown.
        database.owner_url().await?;
    }
    let service = wired(config, database).await?;
    let run = service.application.maintenance.run(task).await;
    service.close().await;
    let run = run?;
    for line in &run.log {
        print_line(&line.text)?;
    }
    let outcome = run.outcome.unwrap_or_default();
    if run.status == RunStatus::Completed {
        return print_line(format_args!("{task}: {outcome}"));
    }
    bail!("{task} failed: {outcome}")
}

/// Each archive is first read back from the file store, and each month compared with it in the
/// transaction that drops it.
async fn drop_months(config: &Config, database: &Database, keep_days: i32) -> anyhow::Result<()> {
    let mut connection = database.connect_as_owner().await?;
    let service = wired(config, database).await?;
    let keep = Duration::days(keep_days.into());
    let verified = service
        .application
        .maintenance
        .verified_archives(keep)
        .await;
    service.close().await;
    let verified = verified?;
    if verified.is_empty() {
        print_line("no archived month is that old")?;
    }
    for archive in verified {
        let month = VerifiedMonth {
            month: archive.month,
            lines_sha256: archive.lines_sha256,
        };
        let dropped = drop_month(&mut connection, &month).await?;
        print_line(format_args!(
            "dropped {dropped}: {} rows are in {}",
            archive.rows, archive.file_key
        ))?;
    }
    Ok(connection.close().await?)
}

async fn rebuild(connection: &mut PgConnection) -> anyhow::Result<()> {
    maintenance::rebuild_rollups(connection).await?;
    print_line("the sums were made anew")
}

async fn fold(connection: &mut PgConnection) -> anyhow::Result<()> {
    let folded = maintenance::fold_rollups(connection).await?;
    if folded.is_busy {
        return print_line("another process is merging the changes");
    }
    print_line(format_args!("merged {} changes", folded.merged))
}

async fn partitions(connection: &mut PgConnection, ahead: i32) -> anyhow::Result<()> {
    let made = maintenance::make_partitions(connection, ahead).await?;
    print_line(format_args!("made {made} partitions"))
}
