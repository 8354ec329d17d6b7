//! What goes on beside requests: rollups are folded, partitions made, what has expired and
//! files without an upload are deleted.

use std::{sync::Arc, time::Duration};

use accunode_application::bulk_uploads::BulkUploads;
use accunode_ports::{RepositoryError, system::Clock};
use accunode_postgres::PgStore;
use tokio::sync::watch;

/// How often the changes since are merged into the dashboards' sums.
const FOLD: Duration = Duration::from_secs(2);
/// How often the rest is looked after; the first time at the start.
const DAILY: Duration = Duration::from_secs(6 * 60 * 60);

/// Looks after the database until `stop` turns true. Several processes may do so at
/// once: each step takes a lock that it does not wait for, or is safe to do twice.
pub async fn look_after(
    store: Arc<PgStore>,
    bulk: BulkUploads,
    clock: Arc<dyn Clock>,
    mut stop: watch::Receiver<bool>,
) {
    let mut fold = tokio::time::interval(FOLD);
    let mut daily = tokio::time::interval(DAILY);
    let mut files = tokio::time::interval(DAILY);
    fold.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let done = tokio::select! {
            // Dropped at once: what it gives is a lock.
            _ = async { drop(stop.wait_for(|stop| *stop).await) } => return,
            _ = fold.tick() => store.fold_rollups().await.map(|_| ()),
            _ = daily.tick() => every_day(&store, &*clock).await,
            _ = files.tick() => {
                if let Err(error) = bulk.sweep_files().await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "files without an upload could not be removed; it is tried again"
                    );
                }
                Ok(())
            }
        };
        if let Err(error) = done {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "upkeep of the database failed; it is tried again"
            );
        }
    }
}

/// What is done at the start and some times a day.
async fn every_day(store: &PgStore, clock: &dyn Clock) -> Result<(), RepositoryError> {
    store.make_partitions().await?;
    let cleaned = store.clean_up(clock.now()).await?;
    tracing::info!(rows = cleaned.total(), %cleaned, "what had expired was deleted");
    Ok(())
}
