//! `accunode maintain …`: what keeps the database in shape.

use sqlx::{Connection, PgConnection};

use super::{say, with_database};
use crate::cli::Maintain;
use crate::config::Config;

/// Rows of changes that one fold merges; each fold is a transaction of its own.
const FOLD_ROWS: i32 = 20_000;

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
    sqlx::query("SELECT rebuild_prediction_rollups()")
        .execute(connection)
        .await?;
    say("the sums were made anew")
}

async fn fold(connection: &mut PgConnection) -> anyhow::Result<()> {
    let mut merged: i64 = 0;
    loop {
        let folded: i32 = sqlx::query_scalar("SELECT fold_prediction_rollups($1)")
            .bind(FOLD_ROWS)
            .fetch_one(&mut *connection)
            .await?;
        match folded {
            ..0 => return say("another process is merging the changes"),
            0 => return say(format_args!("merged {merged} changes")),
            some => merged += i64::from(some),
        }
    }
}

async fn partitions(
    connection: &mut PgConnection,
    ahead: i32,
    keep_days: Option<i32>,
) -> anyhow::Result<()> {
    let made: i32 = sqlx::query_scalar("SELECT audit_make_partitions($1)")
        .bind(ahead)
        .fetch_one(&mut *connection)
        .await?;
    say(format_args!("made {made} partitions"))?;
    if let Some(days) = keep_days {
        let dropped: Vec<String> = sqlx::query_scalar("SELECT audit_drop_partitions($1)")
            .bind(days)
            .fetch_all(connection)
            .await?;
        dropped
            .iter()
            .try_for_each(|name| say(format_args!("dropped {name}")))?;
    }
    Ok(())
}
