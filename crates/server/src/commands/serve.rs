//! `accunode serve` and `accunode worker`: the life of the process.

use std::{
    net::TcpListener,
    sync::Arc,
    time::{Duration, Instant},
};

use accunode_embedded_postgres::{Cancel, EmbeddedPostgres};
use accunode_local::UuidV7Ids;
use accunode_tasks::Tasks;
use accunode_web::{Lobby, Phase, Startup, app, lobby};
use anyhow::Context;

use super::{
    LEFTOVERS,
    ephemeral::Ephemeral,
    front::{self, Front},
    metrics_page,
    prepare::{Preparation, Prepared},
    signals::{Signals, StopSignal},
    start_runtime,
};
use crate::{
    config::Config,
    descriptors,
    service::{Parts, Service},
    upkeep, wal_files,
};

/// The duties of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duties {
    /// Answers requests.
    pub api: bool,
    /// Processes uploads.
    pub worker: bool,
}

/// The time limit for the worker and other tasks to end: a job is returned to the queue
/// within it.
const WORKERS: Duration = Duration::from_secs(20);
/// The time limit for background work of responses, such as mails, when the process stops.
const BACKGROUND: Duration = Duration::from_secs(10);
/// The time limit for closing connections.
const CLOSING: Duration = Duration::from_secs(5);

/// Serves until this process is asked to end, or cannot continue.
///
/// # Errors
/// If the address is in use, or the database, the models or other parts are not fit to
/// serve; later if a vital task has ended.
pub fn run(config: &Config, duties: Duties) -> anyhow::Result<()> {
    // This comes first: a process that cannot listen must not start or even create a
    // database.
    let listener = duties.api.then(|| front::bind(config.listen)).transpose()?;
    run_on(config, duties, listener, None)
}

/// As [`run`], on a socket that is bound already.
///
/// # Errors
/// As [`run`].
pub(super) fn run_on(
    config: &Config,
    duties: Duties,
    listener: Option<TcpListener>,
    ephemeral: Option<Ephemeral>,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let metrics_listener = config.metrics_listen.map(front::bind).transpose()?;
    descriptors::raise_limit();
    let runtime = start_runtime()?;
    let mut embedded = None;
    let process = Process {
        config,
        duties,
        listener,
        metrics_listener,
        ephemeral,
        started,
    };
    let served = runtime.block_on(process.live(&mut embedded));
    runtime.shutdown_timeout(LEFTOVERS);
    let stopped = embedded.map_or(Ok(()), EmbeddedPostgres::stop);
    served?;
    stopped.context("the work is done, but the embedded PostgreSQL did not stop in order")
}

/// The web application, and its tasks.
struct Answering {
    front: Option<Front>,
    metrics_page: Option<Front>,
    tasks: Tasks,
}

struct Process<'a> {
    config: &'a Config,
    duties: Duties,
    listener: Option<TcpListener>,
    metrics_listener: Option<TcpListener>,
    ephemeral: Option<Ephemeral>,
    started: Instant,
}

impl Process<'_> {
    async fn live(self, embedded: &mut Option<EmbeddedPostgres>) -> anyhow::Result<()> {
        let mut signals = Signals::listen().context("cannot listen for signals")?;
        let (startup, cancel) = (Startup::default(), Cancel::default());
        let fronts = Tasks::here();
        let waiting = self.open_lobby(&startup, &fronts)?;

        let parts = async {
            let mut parts = Parts::load(self.config).await?;
            if let Some(ephemeral) = &self.ephemeral {
                parts.clock = Arc::new(ephemeral.clock.clone());
            }
            anyhow::Ok(parts)
        };
        let prepared = async {
            let preparation = Preparation {
                config: self.config,
                startup: &startup,
                cancel: &cancel,
                embedded,
            };
            preparation.finish(parts.await?).await
        };
        let Prepared {
            service,
            serving_lock,
        } = tokio::select! {
            prepared = prepared => prepared?,
            _ = signals.received() => {
                cancel.cancel();
                return Ok(());
            }
        };
        tell_of_refused_models(&service);

        // These tasks end after everything else, which depends on them.
        let last = Tasks::here();
        last.vital("place of the process", |stop| async move {
            serving_lock.keep(stop).await.map_err(Into::into)
        });
        if let Some(embedded) = embedded {
            watch_over(embedded, &last);
        }
        if let (Some(archive), None) = (
            self.config.postgres.wal_archive.clone(),
            &self.config.database_url,
        ) {
            let config = self.config.clone();
            // Uploads are accepted until the last request is answered, so their files must
            // be archived, too.
            last.vital("archive of uploaded files", |stop| async move {
                wal_files::keep(config, archive, stop).await;
                Ok(())
            });
        }
        let (store, maintenance) = (
            service.store.clone(),
            service.application.maintenance.clone(),
        );
        service.tasks.vital("upkeep", |stop| async move {
            upkeep::run_maintenance(store, maintenance, stop).await;
            Ok(())
        });
        if self.duties.worker {
            let bulk = service.application.bulk_uploads.clone();
            service.tasks.vital("worker", |stop| async move {
                bulk.work(stop).await;
                Ok(())
            });
        }
        let metrics_page = match &self.metrics_listener {
            Some(listener) => Some(metrics_page::open(listener, &service, &fronts)?),
            None => None,
        };
        if let Some(waiting) = waiting {
            waiting.leave().await;
        }
        let mut front = self.open_front(&service, &fronts)?;
        if let (Some(ephemeral), Some(listener)) = (&self.ephemeral, &self.listener) {
            ephemeral
                .begin(&service.application, listener.local_addr()?)
                .await?;
        }

        let front_ended = async {
            match &mut front {
                Some(front) => front.ended().await,
                None => std::future::pending().await,
            }
        };
        let signal = tokio::select! {
            signal = signals.received() => Ok(signal),
            lost = service.tasks.lost() => Err(lost.into()),
            lost = last.lost() => Err(lost.into()),
            error = front_ended => Err(error),
        };
        let answering = Answering {
            front,
            metrics_page,
            tasks: fronts,
        };
        self.end(&signal, &mut signals, &service, answering, &last)
            .await;
        signal.map(|_| ())
    }

    /// Ends the process, from the request or the failure until nothing is left to do.
    async fn end(
        &self,
        signal: &anyhow::Result<StopSignal>,
        signals: &mut Signals,
        service: &Service,
        answering: Answering,
        last: &Tasks,
    ) {
        let Answering {
            front,
            metrics_page,
            tasks: fronts,
        } = answering;
        let lifecycle = &service.web.lifecycle;
        lifecycle.enter(Phase::Draining);
        // The tasks stop at once, and not after the last request: a job is returned to the
        // queue, and another process continues it.
        service.tasks.stop();
        let waits = front.is_some() && matches!(signal, Ok(StopSignal::Terminate));
        let drained = async {
            let drain = Duration::from_secs(self.config.drain_seconds);
            if waits && !drain.is_zero() {
                tracing::info!(
                    seconds = drain.as_secs(),
                    "answering on until those who send requests have noticed"
                );
                // A second signal means that the user does not want to wait.
                tokio::select! {
                    () = tokio::time::sleep(drain) => {}
                    _ = signals.received() => {}
                }
            }
            lifecycle.enter(Phase::Closing);
            if let Some(front) = front {
                front.close_for_good().await;
            }
            if let Some(page) = metrics_page {
                page.leave().await;
            }
        };
        let ((), working) = tokio::join!(drained, service.tasks.vital_ended(WORKERS));
        if !working.is_empty() {
            tracing::error!(tasks = working.join(", "), "these do not end");
        }
        let left = service.tasks.finish(BACKGROUND).await + fronts.finish(Duration::ZERO).await;
        if left > 0 {
            tracing::error!(
                left,
                "work was still under way, such as mails that wait for the mail server"
            );
        }
        last.stop();
        last.vital_ended(CLOSING).await;
        if tokio::time::timeout(CLOSING, service.store.close())
            .await
            .is_err()
        {
            tracing::warn!("connections to the database were still in use");
        }
    }

    fn open_lobby(&self, startup: &Startup, tasks: &Tasks) -> anyhow::Result<Option<Front>> {
        let Some(listener) = &self.listener else {
            return Ok(None);
        };
        let state = Lobby {
            startup: startup.clone(),
            ids: Arc::new(UuidV7Ids),
        };
        let front = Front::open(listener, 1, tasks, move || lobby(&state))?;
        let address = listener.local_addr()?;
        tracing::info!("listening on http://{address}, not ready yet");
        Ok(Some(front))
    }

    fn open_front(&self, service: &Service, tasks: &Tasks) -> anyhow::Result<Option<Front>> {
        let Some(listener) = &self.listener else {
            tracing::info!("working on uploads");
            return Ok(None);
        };
        let state = service.web.clone();
        let front = Front::open(listener, self.config.workers, tasks, move || app(&state))?;
        let address = listener.local_addr()?;
        tracing::info!(
            milliseconds = self.started.elapsed().as_millis(),
            "AccuNode serves on http://{address}, its documentation is at http://{address}/docs"
        );
        Ok(Some(front))
    }
}

/// Watches the thread that restarts the embedded PostgreSQL, which must not end before this
/// process.
fn watch_over(embedded: &EmbeddedPostgres, tasks: &Tasks) {
    let Some(mut condition) = embedded.condition() else {
        return;
    };
    tasks.vital("embedded PostgreSQL", |mut stop| async move {
        tokio::select! {
            () = async { while condition.changed().await.is_ok() {} } => {
                Err("the thread that watches it has ended".into())
            }
            _ = stop.wait_for(|stop| *stop) => Ok(()),
        }
    });
}

fn tell_of_refused_models(service: &Service) {
    for refused in service.application.ports().scorer.refused() {
        tracing::error!(
            folder = refused.folder,
            reason = refused.reason,
            "a model is not served"
        );
    }
}
