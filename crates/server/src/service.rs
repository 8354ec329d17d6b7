//! Wiring: the use cases over the implementations of their ports.

use std::{sync::Arc, time::Duration};

use accunode_application::{
    Application, Outbox, Ports, Settings, auth::KnownKeys, mail::MailQuotas,
};
use accunode_files::{FileSettings, Limits, ObjectFileStore};
use accunode_local::{
    Argon2Hasher, HashingSettings, SystemClock, SystemRandomness, TotpDevice, UuidV7Ids,
};
use accunode_mail::{Composer, FileMailer, SmtpMailer, SmtpUrl};
use accunode_metrics::{Metrics, measured::Measured};
use accunode_ports::{
    budgets::{JobBudget, RowBudget},
    health::Probe,
    limits::Quota,
    mail::Mailer,
    repositories::JobQueue,
    scoring::Scorer,
    system::{Clock, Randomness},
};
use accunode_postgres::{PgJobQueue, PgMaintenance, PgStore, PoolSettings, QueueSettings};
use accunode_scoring::ModelRegistry;
use accunode_tasks::Tasks;
use accunode_web::{
    AllowedOrigins, Lifecycle, Readiness, StreamLimits, Streams, TrustedProxies, WebState,
    WorkLimits,
};
use anyhow::Context;
use sqlx::postgres::PgConnectOptions;

use crate::config::{Config, Registration};
use crate::database::{self, Route};
use crate::disks::FolderDisks;
use crate::models::ModelChoice;
use crate::probes::{FilesProbe, MailProbe};
use crate::replica;
use crate::sealing::sealing_keys;
use crate::shared::Shared;

/// All parts that serve requests and process uploads, in one process.
#[derive(Clone, Debug)]
pub struct Service {
    /// The use cases.
    pub application: Application,
    /// The state of the API.
    pub web: WebState,
    /// The database, for background tasks.
    pub store: Arc<PgStore>,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// The background tasks.
    pub tasks: Tasks,
}

/// The parts from which a service is made, in addition to its configuration.
#[derive(Clone)]
pub struct Parts {
    /// The models; reading and verifying them takes some time.
    pub models: Arc<ModelRegistry>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The background tasks. The service adds to them.
    pub tasks: Tasks,
    /// Whether the process is about to end.
    pub lifecycle: Lifecycle,
    /// The readiness checks, in addition to those of the service.
    pub probes: Vec<Arc<dyn Probe>>,
    /// The connection options of the role that owns the tables, if they are known: for maintenance.
    pub owner: Option<PgConnectOptions>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts")
            .field("tasks", &self.tasks)
            .field("lifecycle", &self.lifecycle)
            .finish_non_exhaustive()
    }
}

impl Parts {
    /// Loads the configured models, and nothing else. Call it within the runtime that lives as long
    /// as the process.
    ///
    /// # Errors
    /// If a model that should score does not exist or was rejected.
    pub async fn load(config: &Config) -> anyhow::Result<Self> {
        let choice = ModelChoice::of(config);
        let models = tokio::task::spawn_blocking(move || choice.load()).await??;
        Ok(Self {
            models: Arc::new(models),
            clock: Arc::new(SystemClock),
            tasks: Tasks::here(),
            lifecycle: Lifecycle::default(),
            probes: Vec::new(),
            owner: None,
        })
    }
}

impl Service {
    /// Wires the service to the database, whose role must be suitable for serving.
    ///
    /// # Errors
    /// If the database does not answer or its role has too many rights, the file store cannot be
    /// opened, or a model that should score does not exist.
    pub async fn wire(config: &Config, route: &Route) -> anyhow::Result<Self> {
        Self::of(config, route, Parts::load(config).await?).await
    }

    /// Wires the service with existing parts.
    ///
    /// # Errors
    /// As for [`Service::wire`].
    pub async fn of(config: &Config, route: &Route, parts: Parts) -> anyhow::Result<Self> {
        let replica = database::read_url(config, route).await?;
        let replica_url = replica.as_ref().map(|replica| replica.url.expose());
        let settings = PoolSettings {
            sizes: config.db_pools,
            wait: config.db_pool_wait_seconds.map(Duration::from_secs),
            idle: Duration::from_secs(config.db_pool_idle_seconds),
            recycle: Duration::from_secs(config.db_pool_recycle_seconds),
            ping_after: Duration::from_secs(config.db_pool_ping_after_seconds),
            shares_sessions: route.is_pooled(),
            replica_shares_sessions: replica.as_ref().is_some_and(|replica| replica.is_pooled),
            direct_url: route.is_pooled().then(|| route.direct_url().to_owned()),
            expected_migrations: accunode_migration::migration_names(),
            ..PoolSettings::default()
        };
        let store = PgStore::connect_with_replica(route.url(), replica_url, settings)
            .await
            .context("the database does not answer")?;
        store
            .verify_session()
            .await
            .context("the database must not be served with these sessions")?;
        replica::check_at_start(&store).await?;
        let queue = store.queue(QueueSettings::default())?;
        let store = Arc::new(store);

        let files = ObjectFileStore::open(&FileSettings {
            location: config.files_location()?,
            spool: std::env::temp_dir(),
            limits: Limits::default(),
            parser: config.parser_settings()?,
        })
        .context("the file store cannot be opened")?;
        let files = Arc::new(files);

        let Parts {
            models,
            clock,
            tasks,
            lifecycle,
            mut probes,
            owner,
        } = parts;
        let randomness: Arc<dyn Randomness> = Arc::new(SystemRandomness);
        let metrics = Arc::new(Metrics::new());
        let shared = Shared::open(config, clock.clone(), randomness.clone()).await?;
        let shared = shared.measured(&metrics);
        let recent_writes = replica_url.map(|_| shared.recent_writes.clone());
        let mailer = mailer(config, clock.clone(), &mut probes)?;
        probes.push(Arc::new(FilesProbe(files.clone())));
        let ports = Ports {
            store: store.clone(),
            sessions: shared.sessions,
            cache: shared.cache,
            recent_writes: recent_writes.clone(),
            throttle: shared.throttle,
            limiter: shared.limiter.clone(),
            disks: Arc::new(FolderDisks::of(config)),
            known_keys: KnownKeys::default(),
            hasher: Arc::new(hasher(config)?),
            codes: Arc::new(TotpDevice::new(&sealing_keys(config, &*randomness)?)?),
            scorer: Arc::new(Measured::<dyn Scorer>::new(&metrics, models)),
            files,
            clock: clock.clone(),
            ids: Arc::new(UuidV7Ids),
            randomness,
            mail: Outbox::new(
                Arc::new(Measured::<dyn Mailer>::new(&metrics, mailer)),
                tasks.clone(),
            ),
            meter: metrics.clone(),
            maintenance: Arc::new(PgMaintenance::new(store.clone(), owner)),
            monitoring: store.clone(),
            tasks: tasks.clone(),
            settings: Settings {
                registration_open: config.registration == Registration::Open,
                max_upload_bytes: config.max_upload_bytes,
                public_url: config.public_url.clone(),
                job_budget: JobBudget {
                    jobs: config.budgets.jobs,
                    file_bytes: config.budgets.file_bytes,
                    open_jobs: config.budgets.open_jobs,
                },
                row_budget: RowBudget {
                    per_job: config.budgets.rows_per_job,
                    per_owner: config.budgets.rows_per_owner,
                },
                min_free_disk: config.min_free_disk.0,
                unknown_keys: Quota::per_minute(config.limits.unknown_keys),
                mails: MailQuotas {
                    per_address_per_minute: config.mails.per_address_per_minute,
                    per_address_per_day: config.mails.per_address_per_day,
                    per_sender_per_day: config.mails.per_sender_per_day,
                    per_organization_per_day: config.mails.per_organization_per_day,
                },
                ..Settings::default()
            },
            queue: watched(queue, &tasks),
        };
        if let Some(recent_writes) = recent_writes {
            let store = store.clone();
            tasks.vital("read replica", |stop| async move {
                replica::watch(store, recent_writes, stop).await;
                Ok(())
            });
        }
        let application = Application::new(Arc::new(ports));
        let web = WebState {
            readiness: Readiness::new(&application, probes),
            lifecycle,
            application: application.clone(),
            limiter: shared.limiter,
            streams: Streams::new(StreamLimits {
                per_user: config.budgets.event_streams_per_user,
                per_organization: config.budgets.event_streams_per_organization,
                total: config.budgets.event_streams,
            }),
            work: WorkLimits::new(config.at_once()),
            proxies: trusted_proxies(config)?,
            origins: allowed_origins(config)?,
        };
        Ok(Self {
            application,
            web,
            store,
            metrics,
            tasks,
        })
    }

    /// Ends the background tasks and closes the connections to the database: for commands, which
    /// have no work to complete.
    pub async fn close(&self) {
        // Before the connections, because the tasks use them.
        self.tasks.stop();
        self.store.close().await;
    }
}

/// The queue, with its listener for jobs as a vital task.
fn watched(queue: PgJobQueue, tasks: &Tasks) -> Arc<dyn JobQueue> {
    let ended = queue.listening_ended();
    tasks.vital("job listener", |mut stop| async move {
        tokio::select! {
            () = ended => Err("nothing listens for jobs any more".into()),
            _ = stop.wait_for(|stop| *stop) => Ok(()),
        }
    });
    Arc::new(queue)
}

/// The mail server, or a folder if none is configured.
fn mailer(
    config: &Config,
    clock: Arc<dyn Clock>,
    probes: &mut Vec<Arc<dyn Probe>>,
) -> anyhow::Result<Arc<dyn Mailer>> {
    let composer = Composer::new(config.mail_from.clone(), clock, Arc::new(UuidV7Ids));
    let Some(url) = &config.smtp_url else {
        let folder = config.data_dir.join("mail");
        return Ok(Arc::new(FileMailer::new(folder, composer)));
    };
    let url: SmtpUrl = url.expose().parse().map_err(anyhow::Error::msg)?;
    let mailer = SmtpMailer::new(&url, composer).context("the mail server cannot be used")?;
    probes.push(Arc::new(MailProbe(mailer.clone())));
    Ok(Arc::new(mailer))
}

/// OWASP's minimum for argon2id, as memory in KiB times passes.
const LEAST_WORK: u64 = 2 * 19_456;

/// The configured password hasher.
///
/// # Errors
/// If the costs are invalid.
pub(crate) fn hasher(config: &Config) -> anyhow::Result<Argon2Hasher> {
    Ok(Argon2Hasher::new(hashing(config))?)
}

fn hashing(config: &Config) -> HashingSettings {
    let cost = config.password_hashing;
    if u64::from(cost.memory_kib) * u64::from(cost.iterations) < LEAST_WORK {
        tracing::warn!(
            memory_kib = cost.memory_kib,
            iterations = cost.iterations,
            "passwords are hashed more cheaply than OWASP advises"
        );
    }
    HashingSettings {
        memory_kib: cost.memory_kib,
        iterations: cost.iterations,
        lanes: cost.parallelism,
        at_once: None,
    }
}

fn allowed_origins(config: &Config) -> anyhow::Result<AllowedOrigins> {
    let origins: Result<_, String> = config
        .allowed_origins
        .iter()
        .map(|origin| origin.parse())
        .collect();
    Ok(AllowedOrigins(origins.map_err(anyhow::Error::msg)?))
}

fn trusted_proxies(config: &Config) -> anyhow::Result<TrustedProxies> {
    let networks: Result<_, String> = config
        .trusted_proxies
        .iter()
        .map(|network| network.parse())
        .collect();
    Ok(TrustedProxies {
        networks: networks.map_err(anyhow::Error::msg)?,
        ..TrustedProxies::default()
    })
}
