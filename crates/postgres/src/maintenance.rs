//! Maintenance of the database, run beside requests and on the command line.

use accunode_ports::RepositoryError;
use sqlx::PgConnection;

use crate::{PgStore, errors::from_sqlx};

/// The number of deltas that one call merges; each call is a transaction of its own.
const FOLD_ROWS: i32 = 20_000;

/// Merges at most `$1` deltas into the rollups; negative if another process is merging.
const FOLD: &str = "SELECT fold_prediction_rollups($1)";
/// Rebuilds the rollups from all predictions.
const REBUILD: &str = "SELECT rebuild_prediction_rollups()";
/// Creates the audit log's partitions of this month and `$1` months ahead.
const MAKE_PARTITIONS: &str = "SELECT audit_make_partitions($1)";

/// The result of merging deltas into the rollups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// The number of merged deltas.
    pub merged: u64,
    /// Whether another process is merging; this one does not wait for it.
    pub is_busy: bool,
}

/// Merges all deltas into the dashboards' rollups.
///
/// # Errors
/// If the database does not answer; deltas that were merged until then stay merged.
pub async fn fold_rollups(connection: &mut PgConnection) -> Result<Folded, RepositoryError> {
    let mut folded = Folded::default();
    loop {
        let rows: i32 = sqlx::query_scalar(FOLD)
            .bind(FOLD_ROWS)
            .fetch_one(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        match u64::try_from(rows) {
            Err(_) => {
                folded.is_busy = true;
                return Ok(folded);
            }
            Ok(0) => return Ok(folded),
            Ok(rows) => folded.merged += rows,
        }
    }
}

/// Rebuilds the rollups. Only the schema's owner may.
///
/// # Errors
/// If the database does not answer or refuses.
pub async fn rebuild_rollups(connection: &mut PgConnection) -> Result<(), RepositoryError> {
    let done = sqlx::query(REBUILD).execute(connection).await;
    done.map(|_| ()).map_err(from_sqlx)
}

/// Creates the audit log's partitions of this month and `months_ahead` more; returns how many were
/// created.
///
/// # Errors
/// If the database does not answer.
pub async fn make_partitions(
    connection: &mut PgConnection,
    months_ahead: i32,
) -> Result<i32, RepositoryError> {
    sqlx::query_scalar(MAKE_PARTITIONS)
        .bind(months_ahead)
        .fetch_one(connection)
        .await
        .map_err(from_sqlx)
}

impl PgStore {
    /// Merges all deltas into the dashboards' rollups; returns how many. It does not wait for
    /// another process that is merging.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn fold_rollups(&self) -> Result<u64, RepositoryError> {
        let mut connection = self.pool().acquire().await.map_err(from_sqlx)?;
        Ok(fold_rollups(&mut connection).await?.merged)
    }
}
