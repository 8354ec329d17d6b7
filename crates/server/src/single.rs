//! One process at a time, where sessions and cache live in the process.

use std::time::Duration;

use anyhow::{Context, bail};
use sqlx::{Connection, PgConnection};
use tokio::sync::watch;

/// The advisory lock of whoever serves with in-process sessions.
const LOCK: i64 = 0x6163_6375_0001;
/// How often the connection that holds it is looked after.
const LOOK: Duration = Duration::from_secs(5);

/// That this process alone serves on its database. Held as long as its connection:
/// PostgreSQL gives the lock to the next one however this process ends.
#[derive(Debug)]
pub struct OnlyOne {
    connection: PgConnection,
    url: String,
}

impl OnlyOne {
    /// Takes the place.
    ///
    /// # Errors
    /// Where another process has it: two of them would not know of each other's
    /// sessions, and show figures that the other has made stale.
    pub async fn take(serving_url: &str) -> anyhow::Result<Self> {
        let mut connection = PgConnection::connect(serving_url)
            .await
            .context("the database does not answer")?;
        let free: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
            .bind(LOCK)
            .fetch_one(&mut connection)
            .await?;
        if !free {
            bail!(
                "another AccuNode serves on this database; sessions live in its process, and sharing them between several needs Redis, which this version does not support yet"
            );
        }
        Ok(Self {
            connection,
            url: serving_url.to_owned(),
        })
    }

    /// Keeps the place until `stop` turns true. The database may have been started
    /// anew, and the lock lost with the connection: then it is taken again.
    ///
    /// # Errors
    /// Where another process has taken the place meanwhile: this one must end.
    pub async fn keep(mut self, mut stop: watch::Receiver<bool>) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                _ = async { drop(stop.wait_for(|stop| *stop).await) } => break,
                () = tokio::time::sleep(LOOK) => {}
            }
            if self.connection.ping().await.is_ok() {
                continue;
            }
            match Self::take(&self.url).await {
                Ok(again) => self = again,
                // Nobody else has it: the database is away, and so is every request's.
                Err(error) if error.downcast_ref::<sqlx::Error>().is_some() => {
                    tracing::warn!(%error, "the place of the only process is not held: the database is away");
                }
                Err(error) => return Err(error),
            }
        }
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "the connection of the process's place was lost before");
        }
        Ok(())
    }
}
