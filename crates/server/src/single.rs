//! Who may serve on a database at the same time: one process that keeps sessions and
//! cache to itself, or any number that share them in Redis. Never both kinds.

use std::time::Duration;

use anyhow::{Context, bail};
use sqlx::{Connection, PgConnection};
use tokio::sync::watch;

/// The advisory lock of whoever serves: exclusive where sessions live in the process.
const LOCK: i64 = 0x6163_6375_0001;
/// How often the connection that holds it is looked after.
const LOOK: Duration = Duration::from_secs(5);

/// Where a process keeps its sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// In itself: it must be the only one.
    InProcess,
    /// In Redis, which others share.
    Shared,
}

/// That this process may serve on its database. Held as long as its connection:
/// PostgreSQL gives the lock to the next one however this process ends.
#[derive(Debug)]
pub struct Place {
    connection: PgConnection,
    url: String,
    sessions: Sessions,
}

impl Place {
    /// Takes the place.
    ///
    /// # Errors
    /// Where another process has it: two that do not share their sessions would not
    /// know of each other's, and show figures that the other has made stale.
    pub async fn take(serving_url: &str, sessions: Sessions) -> anyhow::Result<Self> {
        let mut connection = PgConnection::connect(serving_url)
            .await
            .context("the database does not answer")?;
        let take = match sessions {
            Sessions::InProcess => "SELECT pg_try_advisory_lock($1)",
            Sessions::Shared => "SELECT pg_try_advisory_lock_shared($1)",
        };
        let free: bool = sqlx::query_scalar(take)
            .bind(LOCK)
            .fetch_one(&mut connection)
            .await?;
        match sessions {
            _ if free => {}
            Sessions::InProcess => bail!(
                "another AccuNode serves on this database; several can where they share their sessions: give each the same REDIS_URL"
            ),
            Sessions::Shared => bail!(
                "another AccuNode serves on this database and keeps its sessions to itself; give it the same REDIS_URL, or stop it"
            ),
        }
        Ok(Self {
            connection,
            url: serving_url.to_owned(),
            sessions,
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
            match Self::take(&self.url, self.sessions).await {
                Ok(again) => self = again,
                // Nobody else has it: the database is away, and so is every request's.
                Err(error) if error.downcast_ref::<sqlx::Error>().is_some() => {
                    tracing::warn!(%error, "the place of this process is not held: the database is away");
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
