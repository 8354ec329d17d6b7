//! One connection that listens for notifications and distributes them to all waiting tasks.

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
/// How long to wait before listening again after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// Notifications about jobs. Dropping it ends the listening task.
#[derive(Debug)]
pub(crate) struct Listener {
    count: watch::Receiver<u64>,
    jobs: broadcast::Sender<Option<Uuid>>,
    task: AbortHandle,
}

impl Listener {
    /// Starts the listening task.
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

    /// Waits until the listening task has ended. Until the pool is closed that happens only
    /// by a defect.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut count = self.count.clone();
        // The sender belongs to the listening task, and is dropped with it.
        async move { while count.changed().await.is_ok() {} }
    }

    /// Returns the number of notifications so far.
    pub(crate) fn count(&self) -> u64 {
        *self.count.borrow()
    }

    /// Waits until there were more than `seen`.
    pub(crate) async fn past(&self, seen: u64) {
        let mut count = self.count.clone();
        if count.wait_for(|count| *count > seen).await.is_err() {
            // The listening task has ended: polling has to suffice.
            std::future::pending::<()>().await;
        }
    }

    /// Waits for a notification about this job, or for a gap in which some may have been
    /// missed.
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
    // A lost connection is reported at once, and not when there is another one.
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    loop {
        // `None`: the connection was lost, and notifications may have been missed.
        let heard = listener.try_recv().await?;
        if heard.is_none() {
            // This connection notices the server's end while the others are idle.
            doubt::raise();
        }
        counter.send_modify(|count| *count += 1);
        let job = heard.and_then(|heard| heard.payload().parse().ok());
        // There may be no receiver.
        let _ = jobs.send(job);
    }
}
