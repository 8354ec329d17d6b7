//! What keeps the database in shape, beside requests and at the command line.

use accunode_ports::RepositoryError;
use sqlx::PgConnection;

use crate::{PgStore, errors::from_sqlx};

/// Rows of changes that one fold merges; each fold is a transaction of its own.
const FOLD_ROWS: i32 = 20_000;

/// Merges at most `$1` changes into the rollups; negative where another process is at it.
const FOLD: &str = "SELECT fold_prediction_rollups($1)";
/// Makes the rollups anew from all predictions.
const REBUILD: &str = "SELECT rebuild_prediction_rollups()";
/// Makes the audit log's partitions of this month and `$1` months ahead.
const MAKE_PARTITIONS: &str = "SELECT audit_make_partitions($1)";

/// What merging changes into the rollups has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// How many changes were merged.
    pub merged: u64,
    /// Whether another process is merging; it is not waited for.
    pub is_busy: bool,
}

/// Merges all changes since the last time into the dashboards' rollups.
///
/// # Errors
/// Where the database does not answer; what was merged until then stays merged.
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

/// Makes the rollups anew. Only the schema's owner may.
///
/// # Errors
/// Where the database does not answer or refuses.
pub async fn rebuild_rollups(connection: &mut PgConnection) -> Result<(), RepositoryError> {
    let done = sqlx::query(REBUILD).execute(connection).await;
    done.map(|_| ()).map_err(from_sqlx)
}

/// Makes the audit log's partitions of this month and so many months ahead; answers how many
/// were made.
///
/// # Errors
/// Where the database does not answer.
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
    /// Merges all changes since the last time into the dashboards' rollups; answers how many.
    /// Another process that is at it is not waited for.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn fold_rollups(&self) -> Result<u64, RepositoryError> {
        let mut connection = self.pool().acquire().await.map_err(from_sqlx)?;
        Ok(fold_rollups(&mut connection).await?.merged)
    }
}
