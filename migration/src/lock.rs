//! The lock under which one process at a time migrates, however many nodes start at once.

use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::time::{Instant, sleep};

use crate::MigrateError;

/// An arbitrary number that nothing else in the database uses as an advisory lock.
const KEY: i64 = 0x0ACC_0DE0_5C4E_3A00;
/// The pause between two attempts. Waiting inside PostgreSQL instead would hold a snapshot
/// open, for which CREATE INDEX CONCURRENTLY in the process that has the lock would wait
/// for ever.
const PAUSE: Duration = Duration::from_millis(100);
/// Longer than building any index should take.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Held by a separate connection, so that it ends with the process however that ends.
#[derive(Debug)]
pub(crate) struct MigrationLock(PgConnection);

impl MigrationLock {
    /// Waits until no other process migrates.
    pub(crate) async fn take(mut connection: PgConnection) -> Result<Self, MigrateError> {
        let started = Instant::now();
        let mut has_reported = false;
        loop {
            let free: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
                .bind(KEY)
                .fetch_one(&mut connection)
                .await?;
            if free {
                return Ok(Self(connection));
            }
            if started.elapsed() > LOCK_TIMEOUT {
                return Err(MigrateError::Locked(LOCK_TIMEOUT));
            }
            if !has_reported {
                tracing::info!("another process is migrating the database, waiting for it");
                has_reported = true;
            }
            sleep(PAUSE).await;
        }
    }

    /// Releases the lock with its connection.
    pub(crate) async fn release(self) -> Result<(), MigrateError> {
        Ok(self.0.close().await?)
    }
}
