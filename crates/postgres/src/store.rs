//! The store: the pool, and the repositories that read outside of transactions.

use std::{collections::BTreeSet, sync::Arc};

use accunode_domain::access::Scope;
use accunode_ports::{
    RepositoryError,
    health::Failing,
    repositories::{
        AnalyticsRepository, ApiKeyRepository, AuditLogRepository, AuthRepository,
        CompanyRepository, Connections, DefinitionRepository, HistoryReader, InvitationRepository,
        JobRepository, JoinTokenRepository, MonitoringRepository, OrganizationRepository,
        OutcomeRepository, OwnDataRepository, PredictionRepository, ReplicaState, Repositories,
        ScaleRepository, SecondFactorRepository, Store, UnitOfWork, UserRepository,
        UserTokenRepository, ValidationRepository, WantedHistories,
    },
};
use async_trait::async_trait;
use sqlx::PgPool;

use crate::{
    PgJobQueue, PoolKind, PoolSettings, QueueSettings,
    actor::ActorSettings,
    bulk::histories,
    errors::from_sqlx,
    outage, pool,
    pools::{Pools, ReadPools},
    replica::{Replica, ReplicaFault},
    repositories::PgRepositories,
    unit_of_work::{PgTx, PgUnitOfWork},
};

/// The database.
#[derive(Debug)]
pub struct PgStore {
    reads: PgRepositories<ReadPools>,
    pools: Pools,
    replica: Option<Arc<Replica>>,
    url: String,
    settings: PoolSettings,
}

impl PgStore {
    /// Connects. Opens one connection at once, so that a wrong URL is reported here.
    ///
    /// # Errors
    /// `Unavailable` if the server cannot be reached, `Internal` for a wrong URL or a role
    /// that cannot be assumed.
    pub async fn connect(url: &str, settings: PoolSettings) -> Result<Self, RepositoryError> {
        Self::connect_with_replica(url, None, settings).await
    }

    /// As [`PgStore::connect`], with a replica to which reads go that may be late
    /// ([`accunode_ports::workload::Workload::may_read_late`]). It is used from the first
    /// successful [`PgStore::check_replica`] on.
    ///
    /// # Errors
    /// As [`PgStore::connect`], and `Internal` for a wrong URL of the replica.
    pub async fn connect_with_replica(
        url: &str,
        replica_url: Option<&str>,
        settings: PoolSettings,
    ) -> Result<Self, RepositoryError> {
        let pools = Pools::new(url, &settings)?;
        let replica = replica_url.map(|url| Replica::new(url, &settings).map(Arc::new));
        let replica = replica.transpose()?;
        let identity = pools.identity.pool();
        identity.acquire().await.map_err(from_sqlx)?;
        Ok(Self {
            reads: PgRepositories::of_pools(&pools, replica.as_ref()),
            pools,
            replica,
            url: url.to_owned(),
            settings,
        })
    }

    /// Checks that row-level security applies to the role of the pool, and that its sessions have
    /// the settings of the service. Call it before serving requests.
    ///
    /// # Errors
    /// `Internal` if the role is a superuser, has BYPASSRLS or owns the tables, or a pooler on the
    /// way has lost settings.
    pub async fn verify_session(&self) -> Result<(), RepositoryError> {
        pool::verify_session(self.pools.identity.pool(), &self.settings).await
    }

    /// Measures the delay of the replica; from then on it is used, or not. Without a replica there
    /// is nothing to do. To be called every second: the replica is not used for longer than
    /// [`MOST_BEHIND`](accunode_ports::recent_writes::MOST_BEHIND) after the last success.
    ///
    /// # Errors
    /// The reason why the replica is not used.
    pub async fn check_replica(&self) -> Result<(), ReplicaFault> {
        match &self.replica {
            Some(replica) => replica.check(self.pools.identity.pool()).await,
            None => Ok(()),
        }
    }

    /// Does not use the replica until it is certain to have every change made until now.
    pub fn distrust_replica(&self) {
        if let Some(replica) = &self.replica {
            replica.distrust();
        }
    }

    /// Returns the queue of bulk uploads, which has a few connections of its own, so that
    /// leases are renewed even while requests use all others. Call it within the runtime.
    ///
    /// # Errors
    /// `Internal` for a wrong URL.
    pub fn queue(&self, settings: QueueSettings) -> Result<PgJobQueue, RepositoryError> {
        let lazy = |url: &str, settings: &PoolSettings, size| {
            pool::lazy(url, settings, size, PoolKind::Writes)
        };
        let Some(direct_url) = &self.settings.direct_url else {
            let pool = lazy(&self.url, &self.settings, PgJobQueue::CONNECTIONS)?;
            return Ok(PgJobQueue::start(pool.clone(), pool, settings));
        };
        let direct = PoolSettings {
            shares_sessions: false,
            ..self.settings.clone()
        };
        let listening = lazy(direct_url, &direct, 1)?;
        let pool = lazy(&self.url, &self.settings, PgJobQueue::CONNECTIONS - 1)?;
        Ok(PgJobQueue::start(pool, listening, settings))
    }

    /// Begins a transaction as this actor, without any filter of the repositories: it sees
    /// the rows that the database's own policies allow. Tests use it to verify these
    /// policies.
    ///
    /// # Errors
    /// `Unavailable` if no connection is available.
    pub async fn as_actor(
        &self,
        scope: &Scope,
    ) -> Result<sqlx::Transaction<'static, sqlx::Postgres>, RepositoryError> {
        Ok(PgTx::begin(self.pool(), ActorSettings::of(scope))
            .await?
            .into_inner())
    }

    /// Returns the pool for changes, also for maintenance and monitoring, which the server
    /// runs beside requests.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        self.pool_of(PoolKind::Writes)
    }

    /// Returns one of the pools.
    #[must_use]
    pub fn pool_of(&self, kind: PoolKind) -> &PgPool {
        self.pools.of(kind).pool()
    }

    /// Waits for the connections in use and closes all connections.
    pub async fn close(&self) {
        self.pools.close().await;
        if let Some(replica) = &self.replica {
            replica.close().await;
        }
    }
}

impl Repositories for PgStore {
    fn auth(&self) -> &dyn AuthRepository {
        self.reads.auth()
    }

    fn api_keys(&self) -> &dyn ApiKeyRepository {
        self.reads.api_keys()
    }

    fn own_data(&self) -> &dyn OwnDataRepository {
        self.reads.own_data()
    }

    fn users(&self) -> &dyn UserRepository {
        self.reads.users()
    }

    fn second_factors(&self) -> &dyn SecondFactorRepository {
        self.reads.second_factors()
    }

    fn user_tokens(&self) -> &dyn UserTokenRepository {
        self.reads.user_tokens()
    }

    fn invitations(&self) -> &dyn InvitationRepository {
        self.reads.invitations()
    }

    fn organizations(&self) -> &dyn OrganizationRepository {
        self.reads.organizations()
    }

    fn join_tokens(&self) -> &dyn JoinTokenRepository {
        self.reads.join_tokens()
    }

    fn companies(&self) -> &dyn CompanyRepository {
        self.reads.companies()
    }

    fn predictions(&self) -> &dyn PredictionRepository {
        self.reads.predictions()
    }

    fn outcomes(&self) -> &dyn OutcomeRepository {
        self.reads.outcomes()
    }

    fn validations(&self) -> &dyn ValidationRepository {
        self.reads.validations()
    }

    fn definitions(&self) -> &dyn DefinitionRepository {
        self.reads.definitions()
    }

    fn scales(&self) -> &dyn ScaleRepository {
        self.reads.scales()
    }

    fn monitoring(&self) -> &dyn MonitoringRepository {
        self.reads.monitoring()
    }

    fn jobs(&self) -> &dyn JobRepository {
        self.reads.jobs()
    }

    fn analytics(&self) -> &dyn AnalyticsRepository {
        self.reads.analytics()
    }

    fn audit_log(&self) -> &dyn AuditLogRepository {
        self.reads.audit_log()
    }
}

#[async_trait]
impl Store for PgStore {
    async fn begin(&self, scope: &Scope) -> Result<Box<dyn UnitOfWork>, RepositoryError> {
        let pool = &self.pools.writes;
        let turn = pool.turn().await?;
        let unit = PgUnitOfWork::begin(pool.pool(), scope, turn).await;
        Ok(Box::new(unit.map_err(|error| pool.noted(error))?))
    }

    async fn histories(
        &self,
        scope: &Scope,
        wanted: &WantedHistories,
    ) -> Result<Box<dyn HistoryReader>, RepositoryError> {
        histories::open(&self.pools.expensive, scope, wanted).await
    }

    fn connections(&self) -> Vec<Connections> {
        let replica = self.replica.iter().flat_map(|it| it.connections());
        self.pools
            .connections()
            .into_iter()
            .chain(replica)
            .collect()
    }

    fn replica(&self) -> Option<ReplicaState> {
        self.replica.as_ref().map(|replica| replica.state())
    }

    /// Migrations that this program does not know are no fault: while a new version is
    /// rolled out, old nodes serve on its schema.
    async fn ready(&self) -> Result<(), Failing> {
        let away = |error: sqlx::Error| outage::failing(from_sqlx(error));
        let unfit = |reason, cause: String| {
            let detail = "the schema is not the one this version needs";
            Failing::new("migrations", reason, detail).because(cause)
        };
        if self.settings.expected_migrations.is_empty() {
            sqlx::query("SELECT 1")
                .execute(self.pool_of(PoolKind::Identity))
                .await
                .map_err(away)?;
            return Ok(());
        }
        let applied = sqlx::query_scalar::<_, String>("SELECT version FROM seaql_migrations")
            .fetch_all(self.pool_of(PoolKind::Identity))
            .await;
        let applied: BTreeSet<_> = match applied {
            Ok(applied) => applied.into_iter().collect(),
            // undefined_table: the database is empty
            Err(sqlx::Error::Database(db_error)) if db_error.code().as_deref() == Some("42P01") => {
                return Err(unfit(
                    "no_schema",
                    "the database has no schema: run `accunode migrate up`".to_owned(),
                ));
            }
            Err(other) => return Err(away(other)),
        };
        let missing: Vec<_> = self
            .settings
            .expected_migrations
            .iter()
            .filter(|name| !applied.contains(*name))
            .map(String::as_str)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let missing = missing.join(", ");
        Err(unfit(
            "pending",
            format!("migrations are missing: {missing}; run `accunode migrate up`"),
        ))
    }
}
