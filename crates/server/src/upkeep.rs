//! Background tasks: rollups are merged, and maintenance runs when it is due.

use std::{sync::Arc, time::Duration};

use accunode_application::maintenance::MaintenanceRuns;
use accunode_postgres::PgStore;
use tokio::sync::watch;

/// How often deltas are merged into the dashboards' sums.
const FOLD: Duration = Duration::from_secs(2);
/// How often due tasks are looked for; the first time at the start.
const LOOK: Duration = Duration::from_secs(60);

/// Maintains the database until `stop` turns true. Several processes may do so at once: merging
/// takes a lock for which it does not wait, and a run of maintenance belongs to one node.
pub async fn run_maintenance(
    store: Arc<PgStore>,
    maintenance: MaintenanceRuns,
    stop: watch::Receiver<bool>,
) {
    tokio::join!(
        fold(store, stop.clone()),
        sweep_at_start(maintenance.clone(), stop.clone()),
        maintain(maintenance, stop)
    );
}

/// Removes what a process that was killed has left in this node's file store, unless `stop` turns
/// true before.
pub async fn sweep_at_start(maintenance: MaintenanceRuns, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        _ = async { drop(stop.wait_for(|stop| *stop).await) } => {}
        () = maintenance.sweep_at_start() => {}
    }
}

/// Merges deltas into the dashboards' sums, until `stop` turns true.
pub async fn fold(store: Arc<PgStore>, mut stop: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(FOLD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let done = tokio::select! {
            // The result is dropped at once, because it is a lock.
            _ = async { drop(stop.wait_for(|stop| *stop).await) } => return,
            _ = ticks.tick() => store.fold_rollups().await,
        };
        if let Err(error) = done {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the dashboards' sums could not be merged; it is tried again"
            );
        }
    }
}

/// A run in progress when the process stops is abandoned, and recorded as failed by the next node
/// that looks for due tasks.
async fn maintain(maintenance: MaintenanceRuns, mut stop: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = async { drop(stop.wait_for(|stop| *stop).await) } => return,
            _ = async { ticks.tick().await; maintenance.run_due().await } => {}
        }
    }
}
