//! One connection that listens, fanned out to everyone who waits.

use std::time::Duration;

use accunode_domain::id::JobId;
use sqlx::{PgPool, postgres::PgListener};
use tokio::{
    sync::{broadcast, watch},
    task::AbortHandle,
};
use uuid::Uuid;

use crate::doubt;

/// The channel that the schema's triggers notify.
const CHANNEL: &str = "accunode_jobs";
/// How long to wait before listening again, where that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Notifications about jobs. Dropping it ends the listening.
#[derive(Debug)]
pub(crate) struct Listener {
    count: watch::Receiver<u64>,
    jobs: broadcast::Sender<Option<Uuid>>,
    task: AbortHandle,
}

impl Listener {
    /// Begins to listen.
    pub(crate) fn start(pool: PgPool) -> Self {
        let (counter, count) = watch::channel(0);
        let (jobs, _) = broadcast::channel(256);
        let heard = jobs.clone();
        #[expect(
            clippy::disallowed_methods,
            reason = "ended by `Drop`; the server watches over it by `ended`"
        )]
        let task = tokio::spawn(async move {
            loop {
                if let Err(error) = listen(&pool, &counter, &heard).await {
                    doubt::raise();
                    tracing::warn!(%error, "listening for jobs failed; polling goes on");
                }
                if pool.is_closed() {
                    return;
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self {
            count,
            jobs,
            task: task.abort_handle(),
        }
    }

    /// Returns when no one listens any more. Until the pool is closed that happens only
    /// by a defect.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut count = self.count.clone();
        // The sender is the listening task's, and goes with it.
        async move { while count.changed().await.is_ok() {} }
    }

    /// How many notifications there were.
    pub(crate) fn count(&self) -> u64 {
        *self.count.borrow()
    }

    /// Returns when there were more than `seen`.
    pub(crate) async fn past(&self, seen: u64) {
        let mut count = self.count.clone();
        if count.wait_for(|count| *count > seen).await.is_err() {
            // No one listens any more: leave it to the polling.
            std::future::pending::<()>().await;
        }
    }

    /// Returns when one is about this job, or when some may have been missed.
    pub(crate) async fn about(&self, job: JobId) {
        let mut jobs = self.jobs.subscribe();
        while let Ok(Some(heard)) = jobs.recv().await {
            if heard == job.0 {
                return;
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(
    pool: &PgPool,
    counter: &watch::Sender<u64>,
    jobs: &broadcast::Sender<Option<Uuid>>,
) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    // A lost connection is told at once, and not when there is another one.
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    loop {
        // `None`: the connection was lost; anything may have been missed.
        let heard = listener.try_recv().await?;
        if heard.is_none() {
            // It hears of the server's end while the others lie idle.
            doubt::raise();
        }
        counter.send_modify(|count| *count += 1);
        let job = heard.and_then(|heard| heard.payload().parse().ok());
        // No one may be waiting.
        let _ = jobs.send(job);
    }
}
