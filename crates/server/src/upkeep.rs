//! What goes on beside requests: rollups are folded, and maintenance is done when it is due.

use std::{sync::Arc, time::Duration};

use accunode_application::maintenance::MaintenanceRuns;
use accunode_postgres::PgStore;
use tokio::sync::watch;

/// How often the changes since are merged into the dashboards' sums.
const FOLD: Duration = Duration::from_secs(2);
/// How often it is asked what is due; the first time at the start.
const LOOK: Duration = Duration::from_secs(60);

/// Looks after the database until `stop` turns true. Several processes may do so at once: a fold
/// takes a lock that it does not wait for, and a run of maintenance is one node's.
pub async fn look_after(
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

/// Merges the changes since into the dashboards' sums, until `stop` turns true.
pub async fn fold(store: Arc<PgStore>, mut stop: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(FOLD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let done = tokio::select! {
            // Dropped at once: what it gives is a lock.
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

/// A run that is under way when the process stops is left, and noted as failed by the next node
/// that looks.
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
