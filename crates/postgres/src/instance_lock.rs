//! The advisory lock by which processes detect each other: exclusive for a process that must
//! be the only one on its database, shared by those that may be several.

use accunode_ports::RepositoryError;
use sqlx::{Connection, PgConnection};

use crate::errors::from_sqlx;

/// The key of the advisory lock.
const LOCK: i64 = 0x6163_6375_0001;

const TRY_EXCLUSIVE: &str = "SELECT pg_try_advisory_lock($1)";
const TRY_SHARED: &str = "SELECT pg_try_advisory_lock_shared($1)";
const RELEASE_EXCLUSIVE: &str = "SELECT pg_advisory_unlock($1)";

/// The lock, held by one connection. PostgreSQL releases it when the connection ends, however
/// the process ends.
#[derive(Debug)]
pub struct InstanceLock {
    connection: PgConnection,
}

impl InstanceLock {
    /// Creates it on this connection, which holds nothing yet.
    #[must_use]
    pub const fn on(connection: PgConnection) -> Self {
        Self { connection }
    }

    /// Takes the lock exclusively for this process; `false` if another one holds it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn try_exclusive(&mut self) -> Result<bool, RepositoryError> {
        self.ask(TRY_EXCLUSIVE).await
    }

    /// Takes the lock together with others that share it; `false` if one holds it exclusively.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn try_shared(&mut self) -> Result<bool, RepositoryError> {
        self.ask(TRY_SHARED).await
    }

    /// Releases the lock that [`Self::try_exclusive`] has taken.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn release_exclusive(&mut self) -> Result<(), RepositoryError> {
        self.ask(RELEASE_EXCLUSIVE).await.map(|_| ())
    }

    /// Returns whether the connection is still open, and with it the lock held.
    pub async fn is_held(&mut self) -> bool {
        self.connection.ping().await.is_ok()
    }

    /// Closes the connection, which releases everything.
    ///
    /// # Errors
    /// If the connection was lost before.
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
