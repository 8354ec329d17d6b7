//! The preparation of a process before it can serve. It waits for what may become available by
//! itself.

use std::{sync::Arc, time::Duration};

use accunode_embedded_postgres::{Cancel, EmbeddedPostgres};
use accunode_local::SystemClock;
use accunode_ports::{PortError, RepositoryError, health::Failing, system::Clock};
use accunode_postgres::outage;
use accunode_web::Startup;

use crate::{
    config::Config,
    database::{ConditionProbe, Database, DatabaseError},
    service::{Parts, Service},
    serving_lock::{ServingLock, Sessions},
};

/// The pauses between attempts double from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The prepared parts of the service.
pub(crate) struct Prepared {
    pub(crate) service: Service,
    pub(crate) serving_lock: ServingLock,
}

/// The preparation in progress.
pub(crate) struct Preparation<'a> {
    pub(crate) config: &'a Config,
    pub(crate) startup: &'a Startup,
    pub(crate) cancel: &'a Cancel,
    /// The embedded PostgreSQL, once it runs; stopped after everything else.
    pub(crate) embedded: &'a mut Option<EmbeddedPostgres>,
}

impl Preparation<'_> {
    /// Tries until everything is prepared.
    ///
    /// # Errors
    /// Faults that only a change of the configuration, or of another process, can remedy.
    pub(crate) async fn finish(mut self, parts: Parts) -> anyhow::Result<Prepared> {
        let mut pause = FIRST_PAUSE;
        let mut database = None;
        loop {
            let error = match self.attempt(&mut database, &parts).await {
                Ok(prepared) => return Ok(prepared),
                Err(error) => error,
            };
            let Some(failing) = passing(&error) else {
                return Err(error);
            };
            tracing::error!(
                reason = failing.reason,
                again_in_seconds = pause.as_secs(),
                "cannot serve yet: {error:#}"
            );
            self.startup.waits_for(failing, SystemClock.now());
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn attempt(
        &mut self,
        database: &mut Option<Database>,
        parts: &Parts,
    ) -> anyhow::Result<Prepared> {
        let database = match database {
            Some(database) => database,
            None => database.insert(self.open().await?),
        };
        database.ensure_schema().await?;
        let route = database.route().await?;
        // Those behind a pooler are the pooler's.
        let pool = match route.is_pooled() {
            true => 0,
            false => self.config.db_pools.total(),
        };
        database.check_connections(pool).await?;
        let sessions = match self.config.redis_servers {
            Some(_) => Sessions::Shared,
            None => Sessions::InProcess,
        };
        let serving_lock = ServingLock::take(route.direct_url(), sessions).await?;
        let mut parts = parts.clone();
        parts.owner = match database.owner_options().await {
            Ok(options) => Some(options),
            // Then only tasks that need the owner are left to `accunode maintain`.
            Err(DatabaseError::OwnerUrlMissing) => None,
            Err(other) => return Err(other.into()),
        };
        if let Some(condition) = self.embedded.as_ref().and_then(EmbeddedPostgres::condition) {
            parts.probes.push(Arc::new(ConditionProbe::new(condition)));
        }
        let service = Service::of(self.config, &route, parts).await?;
        if serving_lock.is_alone() {
            // The workers that held them were killed: no one has to wait until their leases
            // expire.
            let freed = service.application.ports().queue.free_all().await?;
            if freed > 0 {
                tracing::info!(jobs = freed, "jobs of a process that was killed go on");
            }
        }
        Ok(Prepared {
            service,
            serving_lock,
        })
    }

    async fn open(&mut self) -> anyhow::Result<Database> {
        let (config, cancel) = (self.config.clone(), self.cancel.clone());
        let starting = Failing::new("database", "starting_up", "the database is being started");
        self.startup.waits_for(starting, SystemClock.now());
        let open = tokio::task::spawn_blocking(move || Database::open_to_stay(&config, &cancel));
        let (database, embedded) = open.await??;
        *self.embedded = embedded;
        Ok(database)
    }
}

/// Returns what readiness reports for an error that may pass; `None` if it will not.
fn passing(error: &anyhow::Error) -> Option<Failing> {
    error.chain().find_map(|cause| {
        if let Some(error) = cause.downcast_ref::<DatabaseError>() {
            return error.passing();
        }
        if let Some(PortError::Unavailable { what, .. }) = cause.downcast_ref::<PortError>() {
            let detail = format!("{what} does not answer");
            return Some(Failing::new("sessions", "unavailable", detail));
        }
        if let Some(RepositoryError::Unavailable(_)) = cause.downcast_ref::<RepositoryError>() {
            let detail = "the database does not answer as it should";
            return Some(Failing::new("database", "unavailable", detail));
        }
        let outage = cause.downcast_ref().and_then(outage::of_sqlx)?;
        Some(Failing::new("database", outage.reason, outage.detail))
    })
}
