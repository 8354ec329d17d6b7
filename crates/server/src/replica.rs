//! The read replica: compared with the primary at the start, and every second from then on.

use std::{sync::Arc, time::Duration};

use accunode_ports::recent_writes::RecentWrites;
use accunode_postgres::{PgStore, ReplicaFault};
use anyhow::Context;
use tokio::sync::watch;

/// How often the replica is compared with the primary.
const EVERY: Duration = Duration::from_secs(1);
/// The time limit of a question to the memory of recent changes.
const ANSWER: Duration = Duration::from_secs(1);

/// Checks the replica when the process starts.
///
/// # Errors
/// If the server behind `read_database_url` is no replica of the database. One that does not
/// answer, or is behind, is no error: reads then go to the primary.
pub(crate) async fn check_at_start(store: &PgStore) -> anyhow::Result<()> {
    match store.check_replica().await {
        Err(fault) if fault.is_final() => Err(fault).context("read_database_url"),
        _ => Ok(()),
    }
}

/// Compares the replica with the primary, until `stop` turns true.
pub(crate) async fn watch(
    store: Arc<PgStore>,
    recent_writes: Arc<dyn RecentWrites>,
    mut stop: watch::Receiver<bool>,
) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut memory = None;
    let mut reported = None;
    loop {
        tokio::select! {
            // The result is dropped at once, because it is a lock.
            _ = async { drop(stop.wait_for(|stop| *stop).await) } => return,
            _ = ticks.tick() => {}
        }
        let (checked, current) = tokio::join!(store.check_replica(), incarnation(&*recent_writes));
        // What was noted may be lost: until the replica has all of that, it is not used.
        if current.is_none() || memory != current {
            store.distrust_replica();
        }
        memory = current;
        report(&checked, &mut reported);
    }
}

/// Returns which memory of recent changes answers; `None` if none does.
async fn incarnation(recent_writes: &dyn RecentWrites) -> Option<String> {
    let answer = tokio::time::timeout(ANSWER, recent_writes.incarnation()).await;
    answer.ok().and_then(Result::ok)
}

/// Logs whether the replica is used, when that changes.
fn report(checked: &Result<(), ReplicaFault>, reported: &mut Option<String>) {
    let reason = match checked {
        Ok(()) => String::new(),
        Err(fault) => fault.to_string(),
    };
    if reported.as_ref() == Some(&reason) {
        return;
    }
    match checked {
        Ok(()) => tracing::info!("reads that may be late go to the replica"),
        Err(fault) => tracing::warn!(
            error = fault as &dyn std::error::Error,
            "the replica is not used: reads go to the primary"
        ),
    }
    *reported = Some(reason);
}
