//! What the server looks after beside requests.

use accunode_ports::RepositoryError;

use crate::{PgStore, errors::from_sqlx};

/// Rows of changes that one fold merges.
const FOLD_ROWS: i32 = 20_000;
/// Months ahead for which the audit log has its partitions.
const MONTHS_AHEAD: i32 = 3;

impl PgStore {
    /// Merges the changes since into the dashboards' sums; answers how many. Another
    /// process that is at it is not waited for.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn fold_rollups(&self) -> Result<u64, RepositoryError> {
        let mut merged = 0;
        loop {
            let folded: i32 = sqlx::query_scalar("SELECT fold_prediction_rollups($1)")
                .bind(FOLD_ROWS)
                .fetch_one(self.pool())
                .await
                .map_err(from_sqlx)?;
            match u64::try_from(folded) {
                Err(_) | Ok(0) => return Ok(merged),
                Ok(some) => merged += some,
            }
        }
    }

    /// Makes the audit log's partitions ahead.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn make_partitions(&self) -> Result<(), RepositoryError> {
        sqlx::query("SELECT audit_make_partitions($1)")
            .bind(MONTHS_AHEAD)
            .execute(self.pool())
            .await
            .map_err(from_sqlx)?;
        Ok(())
    }
}
