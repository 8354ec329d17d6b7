//! Which processes may serve on a database at the same time: one process that keeps sessions
//! and cache to itself, or any number that share them in Redis. Never both kinds.

use std::time::{Duration, Instant};

use accunode_ports::RepositoryError;
use accunode_postgres::{InstanceLock, session};
use anyhow::bail;
use tokio::sync::watch;

use crate::database::{DatabaseError, connect};

/// How often the connection that holds the lock is checked.
const LOOK: Duration = Duration::from_secs(5);

/// How long a process with Redis waits for another one that is just starting.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_millis(20);

/// Where a process stores its sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// In the process: it must be the only one.
    InProcess,
    /// In Redis, which other processes share.
    Shared,
}

/// The lock under which this process may serve on its database. It is held as long as its
/// connection: PostgreSQL releases it however this process ends.
#[derive(Debug)]
pub struct ServingLock {
    lock: InstanceLock,
    is_alone: bool,
    url: String,
    sessions: Sessions,
}

impl ServingLock {
    /// Takes the lock.
    ///
    /// # Errors
    /// If another process has it: two processes that do not share their sessions would not
    /// know of each other's, and would show figures that the other has made stale.
    pub async fn take(direct_url: &str, sessions: Sessions) -> anyhow::Result<Self> {
        let mut lock = InstanceLock::on(connect(&session::options(direct_url)?).await?);
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
            url: direct_url.to_owned(),
            sessions,
        })
    }

    /// Returns whether no other process served or worked on the database when this one took
    /// the lock.
    #[must_use]
    pub const fn is_alone(&self) -> bool {
        self.is_alone
    }

    /// Keeps the lock until `stop` turns true. If the lock is lost with the connection,
    /// because the database was restarted, it is taken again.
    ///
    /// # Errors
    /// If another process has taken the lock meanwhile: this one must end.
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
                // No other process has it: the database is unavailable, for requests as
                // well.
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

/// Shares the lock with others; if no other process has it, the exclusive lock is released
/// for it. A process that has just started holds that for a moment, so the attempt is
/// repeated.
async fn take_shared(lock: &mut InstanceLock, is_alone: bool) -> Result<bool, RepositoryError> {
    let end = Instant::now() + LOCK_TIMEOUT;
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

/// Returns whether the database is unavailable, rather than the lock taken.
fn is_outage(error: &anyhow::Error) -> bool {
    error.downcast_ref::<RepositoryError>().is_some()
        || matches!(
            error.downcast_ref::<DatabaseError>(),
            Some(DatabaseError::Unreachable { .. } | DatabaseError::Sql(_))
        )
}
