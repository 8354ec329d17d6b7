//! `accunode maintain …`: what keeps the database in shape.

use accunode_postgres::maintenance;
use sqlx::{Connection, PgConnection};

use super::{say, with_database};
use crate::cli::Maintain;
use crate::config::Config;

/// Runs one piece of maintenance as the owner.
///
/// # Errors
/// When the database cannot be reached, or only the server's URL is known.
pub fn run(config: &Config, action: Maintain) -> anyhow::Result<()> {
    with_database(config, async |database| {
        database.ensure_schema().await?;
        let mut connection = database.connect_as_owner().await?;
        match action {
            Maintain::RebuildRollups => rebuild(&mut connection).await?,
            Maintain::FoldRollups => fold(&mut connection).await?,
            Maintain::AuditPartitions { ahead, keep_days } => {
                partitions(&mut connection, ahead, keep_days).await?;
            }
        }
        Ok(connection.close().await?)
    })
}

async fn rebuild(connection: &mut PgConnection) -> anyhow::Result<()> {
    maintenance::rebuild_rollups(connection).await?;
    say("the sums were made anew")
}

async fn fold(connection: &mut PgConnection) -> anyhow::Result<()> {
    let folded = maintenance::fold_rollups(connection).await?;
    if folded.is_busy {
        return say("another process is merging the changes");
    }
    say(format_args!("merged {} changes", folded.merged))
}

async fn partitions(
    connection: &mut PgConnection,
    ahead: i32,
    keep_days: Option<i32>,
) -> anyhow::Result<()> {
    let made = maintenance::make_partitions(connection, ahead).await?;
    say(format_args!("made {made} partitions"))?;
    if let Some(days) = keep_days {
        let dropped = maintenance::drop_partitions(connection, days).await?;
        dropped
            .iter()
            .try_for_each(|name| say(format_args!("dropped {name}")))?;
    }
    Ok(())
}
