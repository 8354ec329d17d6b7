//! Values that are read for each scrape.

use std::sync::atomic::AtomicU64;

use accunode_domain::Timestamp;
use accunode_ports::{
    maintenance::TaskHistory,
    repositories::{Connections, OpenJobs, ReplicaState},
    system::Volume,
};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::labels;

/// Requests of one kind of limited work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkOfKind {
    /// The kind.
    pub work: &'static str,
    /// Requests in progress.
    pub running: u64,
    /// Refused since the process started.
    pub refused: u64,
}

/// The state of a process at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The program's version.
    pub version: &'static str,
    /// When the process was started.
    pub started_at: Timestamp,
    /// Whether requests can be served.
    pub is_ready: bool,
    /// The checks of readiness that fail.
    pub failing: Vec<&'static str>,
    /// The pools of connections to the database.
    pub connections: Vec<Connections>,
    /// The read replica, if one is configured.
    pub replica: Option<ReplicaState>,
    /// Open jobs of the whole installation; empty if the database does not answer.
    pub jobs: Vec<OpenJobs>,
    /// The history of maintenance, on all nodes; empty if the database does not answer.
    pub maintenance: Vec<TaskHistory>,
    /// Limited work.
    pub work: Vec<WorkOfKind>,
    /// Open event streams.
    pub event_streams: u64,
    /// Mails that wait to be sent.
    pub mails_waiting: u64,
    /// Models that failed a check and are not served.
    pub refused_models: u64,
    /// Disks.
    pub volumes: Vec<Volume>,
}

type Gauges<L> = Family<L, Gauge<f64, AtomicU64>>;

/// A gauge for each label set, with its value.
fn gauges<L>(registry: &mut Registry, name: &str, help: &str, values: Vec<(L, f64)>)
where
    L: Clone + std::hash::Hash + Eq + EncodeLabelSet + Send + Sync + std::fmt::Debug + 'static,
{
    let family = Gauges::<L>::default();
    for (labels, value) in values {
        family.get_or_create(&labels).set(value);
    }
    registry.register(name, help, family);
}

fn counters<L>(registry: &mut Registry, name: &str, help: &str, values: Vec<(L, u64)>)
where
    L: Clone + std::hash::Hash + Eq + EncodeLabelSet + Send + Sync + std::fmt::Debug + 'static,
{
    let family = Family::<L, Counter>::default();
    for (labels, value) in values {
        family.get_or_create(&labels).inc_by(value);
    }
    registry.register(name, help, family);
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge = Gauge::<f64, AtomicU64>::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

/// Prometheus stores every number as an `f64`.
#[expect(
    clippy::cast_precision_loss,
    reason = "a figure is read by people, and exact up to 2^53"
)]
const fn number(n: u64) -> f64 {
    n as f64
}

/// Returns the seconds since 1970.
fn seconds(at: Timestamp) -> f64 {
    number(at.unix_timestamp().max(0).unsigned_abs())
}

impl Snapshot {
    pub(crate) fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("accunode");
        self.process(&mut registry);
        self.database(&mut registry);
        self.jobs(&mut registry);
        self.maintenance(&mut registry);
        self.work(&mut registry);
        registry
    }

    fn process(&self, registry: &mut Registry) {
        let build = labels::Build {
            version: self.version,
        };
        gauges(
            registry,
            "build_info",
            "Which program this is",
            vec![(build, 1.0)],
        );
        gauge(
            registry,
            "process_start_time_seconds",
            "When the process was started, in seconds since 1970",
            seconds(self.started_at),
        );
        gauge(
            registry,
            "ready",
            "Whether requests can be served: 1 or 0",
            f64::from(u8::from(self.is_ready)),
        );
        let failing = self.failing.iter();
        gauges(
            registry,
            "readiness_failing",
            "Checks of readiness that fail now, also those that do not keep requests from being served",
            failing
                .map(|check| (labels::Check { check }, 1.0))
                .collect(),
        );
        gauge(
            registry,
            "models_refused",
            "Models that failed a check and are not served",
            number(self.refused_models),
        );
        let of = |value: fn(&Volume) -> u64| {
            let volumes = self.volumes.iter();
            let value = move |v: &Volume| (labels::Volume { volume: v.name }, number(value(v)));
            volumes.map(value).collect()
        };
        gauges(
            registry,
            "disk_free_bytes",
            "Bytes that this process may still write",
            of(|volume| volume.free_bytes),
        );
        gauges(
            registry,
            "disk_total_bytes",
            "Bytes of the disk",
            of(|volume| volume.total_bytes),
        );
    }

    fn database(&self, registry: &mut Registry) {
        let pools = &self.connections;
        let label = |pool, state| labels::Connections { pool, state };
        let open = pools.iter().flat_map(|pool| {
            let used = pool.open.saturating_sub(pool.idle);
            [
                (label(pool.pool, "used"), f64::from(used)),
                (label(pool.pool, "idle"), f64::from(pool.idle)),
            ]
        });
        gauges(
            registry,
            "database_connections",
            "Open connections to the database",
            open.collect(),
        );
        let most = pools.iter();
        gauges(
            registry,
            "database_connections_max",
            "How many a pool may have",
            most.map(|p| (labels::Pool { pool: p.pool }, f64::from(p.at_most)))
                .collect(),
        );
        let refused = pools.iter();
        counters(
            registry,
            "database_connections_refused",
            "Callers who waited for a connection in vain",
            refused
                .map(|p| (labels::Pool { pool: p.pool }, p.refused))
                .collect(),
        );
        if let Some(replica) = self.replica {
            gauge(
                registry,
                "replica_used",
                "Whether reads that may be late go to the read replica",
                f64::from(u8::from(replica.is_used)),
            );
            let behind = replica.behind.map_or(f64::INFINITY, |it| it.as_secs_f64());
            gauge(
                registry,
                "replica_behind_seconds",
                "The age of the newest changes that the read replica may lack",
                behind,
            );
        }
    }

    fn jobs(&self, registry: &mut Registry) {
        let label = |jobs: &OpenJobs| labels::Status {
            status: jobs.status.as_str(),
        };
        let jobs = self.jobs.iter();
        gauges(
            registry,
            "jobs",
            "Uploads and rescorings of the whole installation that have not ended",
            jobs.map(|jobs| (label(jobs), number(jobs.jobs))).collect(),
        );
        let open = self.jobs.iter();
        gauges(
            registry,
            "job_oldest_seconds",
            "For how long the oldest job waits, or is worked on",
            open.map(|jobs| (label(jobs), jobs.oldest_seconds))
                .collect(),
        );
    }

    fn maintenance(&self, registry: &mut Registry) {
        let label = |run: &TaskHistory| labels::Maintenance {
            task: run.task.as_str(),
        };
        let runs = self.maintenance.iter();
        gauges(
            registry,
            "maintenance_last_success_seconds",
            "When maintenance last succeeded, on whichever node, in seconds since 1970",
            runs.filter_map(|run| Some((label(run), seconds(run.last_success?))))
                .collect(),
        );
        let runs = self.maintenance.iter();
        gauges(
            registry,
            "maintenance_failures",
            "How often maintenance has failed since it last succeeded",
            runs.map(|run| (label(run), number(run.failures))).collect(),
        );
    }

    fn work(&self, registry: &mut Registry) {
        let label = |kind: &WorkOfKind| labels::Work { work: kind.work };
        let running = self.work.iter();
        gauges(
            registry,
            "work_running",
            "Requests of a limited kind that are being worked on",
            running.map(|w| (label(w), number(w.running))).collect(),
        );
        let refused = self.work.iter();
        counters(
            registry,
            "work_refused",
            "Requests that were refused because their tenant has too many of the kind",
            refused.map(|w| (label(w), w.refused)).collect(),
        );
        gauge(
            registry,
            "event_streams_open",
            "Event streams that are open",
            number(self.event_streams),
        );
        gauge(
            registry,
            "mails_waiting",
            "Mails that wait for the mail server",
            number(self.mails_waiting),
        );
    }
}
