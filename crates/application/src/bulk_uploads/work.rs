//! The worker: claims jobs and runs them, a few at once.

use std::time::Duration;

use accunode_ports::repositories::JOBS_AT_ONCE;
use futures::future::join_all;
use tokio::sync::watch;
use tracing::Instrument;

use super::BulkUploads;

/// How long a worker waits after a failure of the queue itself.
const PAUSE: Duration = Duration::from_secs(2);

impl BulkUploads {
    /// Works until `stop` turns true. A running job is then returned to the queue at its next
    /// chunk, so that another worker continues at once.
    ///
    /// There are [`JOBS_AT_ONCE`] places, and the queue gives no owner more than one at a time:
    /// however long one owner's file takes, and however many of their files are queued, the next
    /// owner need not wait.
    pub async fn work(&self, stop: watch::Receiver<bool>) {
        join_all((0..JOBS_AT_ONCE).map(|_| self.work_in_place(stop.clone()))).await;
    }

    async fn work_in_place(&self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            match self.ports.queue.claim().await {
                Ok(Some((job, lease))) => {
                    let span = tracing::info_span!(
                        "job",
                        // The id of the request that created the job, so that one search of the
                        // log finds both.
                        request_id = job.request_id.as_deref(),
                        job = %job.id,
                    );
                    async {
                        let id = job.id;
                        tracing::info!(job = %id, attempt = job.attempts, row = job.checkpoint.row, "job taken");
                        self.process(job, lease, &stop).await;
                    }
                    .instrument(span)
                    .await;
                }
                Ok(None) => {
                    tokio::select! {
                        () = self.ports.queue.wait() => {}
                        _ = stop.wait_for(|stop| *stop) => {}
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the queue of bulk uploads is out of reach");
                    tokio::select! {
                        () = tokio::time::sleep(PAUSE) => {}
                        _ = stop.wait_for(|stop| *stop) => {}
                    }
                }
            }
        }
    }
}
