//! The advisory lock by which processes know of each other: exclusive for one that must be the
//! only one on its database, shared by those that may be several.

use accunode_ports::RepositoryError;
use sqlx::{Connection, PgConnection};

use crate::errors::from_sqlx;

/// The number of the lock.
const LOCK: i64 = 0x6163_6375_0001;

const TRY_EXCLUSIVE: &str = "SELECT pg_try_advisory_lock($1)";
const TRY_SHARED: &str = "SELECT pg_try_advisory_lock_shared($1)";
const RELEASE_EXCLUSIVE: &str = "SELECT pg_advisory_unlock($1)";

/// The lock, as one connection holds it. PostgreSQL gives it to the next one when the
/// connection ends, however the process ends.
#[derive(Debug)]
pub struct InstanceLock {
    connection: PgConnection,
}

impl InstanceLock {
    /// On this connection, which holds nothing yet.
    #[must_use]
    pub const fn on(connection: PgConnection) -> Self {
        Self { connection }
    }

    /// Takes the lock for this process alone; `false` where another one holds it.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn try_exclusive(&mut self) -> Result<bool, RepositoryError> {
        self.ask(TRY_EXCLUSIVE).await
    }

    /// Takes the lock beside others that share it; `false` where one holds it alone.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn try_shared(&mut self) -> Result<bool, RepositoryError> {
        self.ask(TRY_SHARED).await
    }

    /// Releases what [`Self::try_exclusive`] has taken.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn release_exclusive(&mut self) -> Result<(), RepositoryError> {
        self.ask(RELEASE_EXCLUSIVE).await.map(|_| ())
    }

    /// Whether the connection still lives, and with it what it holds.
    pub async fn is_held(&mut self) -> bool {
        self.connection.ping().await.is_ok()
    }

    /// Closes the connection, and with it releases everything.
    ///
    /// # Errors
    /// Where it was lost before.
    pub async fn close(self) -> Result<(), RepositoryError> {
        self.connection.close().await.map_err(from_sqlx)
    }

    async fn ask(&mut self, sql: &'static str) -> Result<bool, RepositoryError> {
        sqlx::query_scalar(sql)
            .bind(LOCK)
            .fetch_one(&mut self.connection)
            .await
            .map_err(from_sqlx)
    }
}
