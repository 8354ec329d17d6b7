//! The metrics of a process, as Prometheus reads them.

use std::{sync::Arc, time::Duration};

use accunode_domain::Timestamp;
use accunode_metrics::{Metrics, Snapshot, WorkOfKind};
use accunode_web::{Phase, WebState};
use tokio::sync::Mutex;

/// The time limit of the query for jobs. After it the other metrics are returned without them.
const DATABASE: Duration = Duration::from_secs(2);

/// The sources of a scrape.
pub(crate) struct Scrape {
    metrics: Arc<Metrics>,
    web: WebState,
    started_at: Timestamp,
    /// One scrape at a time, so that a client of the page cannot keep the database busy.
    turn: Mutex<()>,
}

impl Scrape {
    /// Creates it for this process, which has just started.
    pub(crate) fn new(metrics: Arc<Metrics>, web: WebState) -> Self {
        let started_at = web.application.ports().clock.now();
        Self {
            metrics,
            web,
            started_at,
            turn: Mutex::default(),
        }
    }

    /// Returns all metrics in Prometheus's format.
    ///
    /// # Errors
    /// If they cannot be formatted.
    pub(crate) async fn text(&self) -> Result<String, std::fmt::Error> {
        let _turn = self.turn.lock().await;
        let snapshot = self.snapshot().await;
        self.metrics.render(&snapshot)
    }

    async fn snapshot(&self) -> Snapshot {
        let ports = self.web.application.ports();
        let failing = self.web.readiness.failing().await;
        let jobs = match tokio::time::timeout(DATABASE, ports.queue.open_jobs()).await {
            Ok(Ok(jobs)) => jobs,
            Ok(Err(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "a scrape goes without jobs");
                Vec::new()
            }
            Err(_) => Vec::new(),
        };
        let history = tokio::time::timeout(DATABASE, ports.maintenance.history()).await;
        let maintenance = history.ok().and_then(Result::ok).unwrap_or_default();
        let work = self.web.work.figures();
        Snapshot {
            version: env!("CARGO_PKG_VERSION"),
            started_at: self.started_at,
            is_ready: self.web.lifecycle.phase() == Phase::Serving
                && failing.iter().all(|(_, is_required)| !is_required),
            failing: failing.into_iter().map(|(check, _)| check).collect(),
            connections: ports.store.connections(),
            replica: ports.store.replica(),
            jobs,
            maintenance,
            work: work
                .map(|(work, figures)| WorkOfKind {
                    work: work.as_str(),
                    running: figures.running,
                    refused: figures.refused,
                })
                .collect(),
            event_streams: self.web.streams.open(),
            mails_waiting: count(ports.mail.waiting()),
            refused_models: count(ports.scorer.refused().len()),
            volumes: ports.disks.volumes(),
        }
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
