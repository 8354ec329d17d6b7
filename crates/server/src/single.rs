//! Who may serve on a database at the same time: one process that keeps sessions and
//! cache to itself, or any number that share them in Redis. Never both kinds.

use std::time::{Duration, Instant};

use accunode_ports::RepositoryError;
use accunode_postgres::InstanceLock;
use anyhow::bail;
use tokio::sync::watch;

use crate::database::{DatabaseError, reach};

/// How often the connection that holds it is looked after.
const LOOK: Duration = Duration::from_secs(5);

/// How long a process that is just starting may be in the way of one with Redis.
const PATIENCE: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_millis(20);

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
    lock: InstanceLock,
    is_alone: bool,
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
        let mut lock = InstanceLock::on(reach(&serving_url.parse()?).await?);
        let is_alone = lock.try_exclusive().await?;
        let free = match sessions {
            Sessions::InProcess => is_alone,
            Sessions::Shared => take_shared(&mut lock, is_alone).await?,
        };
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
            lock,
            is_alone,
            url: serving_url.to_owned(),
            sessions,
        })
    }

    /// Whether no other process served or worked on the database as this one took its place.
    #[must_use]
    pub const fn is_alone(&self) -> bool {
        self.is_alone
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
            if self.lock.is_held().await {
                continue;
            }
            match Self::take(&self.url, self.sessions).await {
                Ok(again) => self = again,
                // No one else has it: the database is away, and so is every request's.
                Err(error) if is_outage(&error) => {
                    tracing::warn!(%error, "the place of this process is not held: the database is away");
                }
                Err(error) => return Err(error),
            }
        }
        if let Err(error) = self.lock.close().await {
            tracing::debug!(%error, "the connection of the process's place was lost before");
        }
        Ok(())
    }
}

/// Shared with others; where no one else has it, the exclusive lock is given up for it. A
/// process that has just started holds that for a moment, so it is asked for again.
async fn take_shared(lock: &mut InstanceLock, is_alone: bool) -> Result<bool, RepositoryError> {
    let end = Instant::now() + PATIENCE;
    while !lock.try_shared().await? {
        if Instant::now() > end {
            return Ok(false);
        }
        tokio::time::sleep(AGAIN).await;
    }
    if is_alone {
        lock.release_exclusive().await?;
    }
    Ok(true)
}

/// Whether the database is away, rather than the place taken.
fn is_outage(error: &anyhow::Error) -> bool {
    error.downcast_ref::<RepositoryError>().is_some()
        || matches!(
            error.downcast_ref::<DatabaseError>(),
            Some(DatabaseError::Unreachable { .. } | DatabaseError::Sql(_))
        )
}
