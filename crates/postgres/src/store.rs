//! The store: the pool, and the repositories that read outside of transactions.

use std::collections::BTreeSet;

use accunode_domain::access::Scope;
use accunode_ports::{
    RepositoryError,
    repositories::{
        AnalyticsRepository, ApiKeyRepository, AuditRepository, CompanyRepository, Connections,
        InvitationRepository, JobRepository, JoiningRepository, OrganizationRepository,
        OwnDataRepository, PersonRepository, PredictionRepository, SecondFactorRepository, Store,
        UnitOfWork, UserRepository, UserTokenRepository,
    },
};
use async_trait::async_trait;
use sea_orm::SqlxPostgresConnector;
use sqlx::PgPool;

use crate::{
    PgJobQueue, PoolSettings, QueueSettings,
    actor::ActorSettings,
    db::Db,
    errors::from_sqlx,
    pool,
    unit_of_work::{PgTx, PgUnitOfWork},
};

/// The database.
#[derive(Debug)]
pub struct PgStore {
    db: Db,
    pool: PgPool,
    url: String,
    settings: PoolSettings,
}

impl PgStore {
    /// Connects. One connection is made at once, so that a wrong URL is told here.
    ///
    /// # Errors
    /// `Unavailable` where the server cannot be reached, `Internal` for a wrong URL
    /// or a role that cannot be taken on.
    pub async fn connect(url: &str, settings: PoolSettings) -> Result<Self, RepositoryError> {
        let pool = pool::lazy(url, &settings, settings.size)?;
        pool.acquire().await.map_err(from_sqlx)?;
        let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
        Ok(Self {
            db: Db::Pool(connection),
            pool,
            url: url.to_owned(),
            settings,
        })
    }

    /// That row-level security holds for the role the pool serves as. Call it before
    /// serving anybody.
    ///
    /// # Errors
    /// `Internal`, saying that the role is a superuser, BYPASSRLS or the tables' owner.
    pub async fn verify_serving_role(&self) -> Result<(), RepositoryError> {
        pool::verify_serving_role(&self.pool).await
    }

    /// The queue of bulk uploads, on a few connections of its own: leases are renewed
    /// also while requests have taken every other. Call it within the runtime.
    ///
    /// # Errors
    /// `Internal` for a wrong URL.
    pub fn queue(&self, settings: QueueSettings) -> Result<PgJobQueue, RepositoryError> {
        let connections = pool::lazy(&self.url, &self.settings, PgJobQueue::CONNECTIONS)?;
        Ok(PgJobQueue::start(connections, settings))
    }

    /// A transaction as this actor, without any filter of ours: what the database's own
    /// policies let through. They are proved with it.
    ///
    /// # Errors
    /// `Unavailable` where no connection can be had.
    pub async fn as_actor(
        &self,
        scope: &Scope,
    ) -> Result<sqlx::Transaction<'static, sqlx::Postgres>, RepositoryError> {
        Ok(PgTx::begin(&self.pool, ActorSettings::of(scope))
            .await?
            .into_inner())
    }

    /// The pool, for what the server runs beside requests: maintenance and monitoring.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Waits for the connections in use and closes them all.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

#[async_trait]
impl Store for PgStore {
    async fn begin(&self, scope: &Scope) -> Result<Box<dyn UnitOfWork>, RepositoryError> {
        Ok(Box::new(PgUnitOfWork::begin(&self.pool, scope).await?))
    }

    fn users(&self) -> &dyn UserRepository {
        &self.db
    }

    fn api_keys(&self) -> &dyn ApiKeyRepository {
        &self.db
    }

    fn own_data(&self) -> &dyn OwnDataRepository {
        &self.db
    }

    fn people(&self) -> &dyn PersonRepository {
        &self.db
    }

    fn second_factors(&self) -> &dyn SecondFactorRepository {
        &self.db
    }

    fn user_tokens(&self) -> &dyn UserTokenRepository {
        &self.db
    }

    fn invitations(&self) -> &dyn InvitationRepository {
        &self.db
    }

    fn organizations(&self) -> &dyn OrganizationRepository {
        &self.db
    }

    fn joining(&self) -> &dyn JoiningRepository {
        &self.db
    }

    fn companies(&self) -> &dyn CompanyRepository {
        &self.db
    }

    fn predictions(&self) -> &dyn PredictionRepository {
        &self.db
    }

    fn jobs(&self) -> &dyn JobRepository {
        &self.db
    }

    fn analytics(&self) -> &dyn AnalyticsRepository {
        &self.db
    }

    fn audit(&self) -> &dyn AuditRepository {
        &self.db
    }

    fn connections(&self) -> Connections {
        Connections {
            open: self.pool.size(),
            idle: u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX),
            at_most: self.settings.size,
        }
    }

    /// Migrations that this program does not know are no fault: while a new version is
    /// rolled out, old nodes serve on its schema.
    async fn ready(&self) -> Result<(), RepositoryError> {
        let unfit = |what: String| RepositoryError::Unavailable(what.into());
        if self.settings.expected_migrations.is_empty() {
            sqlx::query("SELECT 1")
                .execute(&self.pool)
                .await
                .map_err(from_sqlx)?;
            return Ok(());
        }
        let applied = sqlx::query_scalar::<_, String>("SELECT version FROM seaql_migrations")
            .fetch_all(&self.pool)
            .await;
        let applied: BTreeSet<_> = match applied {
            Ok(applied) => applied.into_iter().collect(),
            // undefined_table: an empty database
            Err(sqlx::Error::Database(said)) if said.code().as_deref() == Some("42P01") => {
                return Err(unfit(
                    "the database has no schema: run `accunode migrate up`".to_owned(),
                ));
            }
            Err(other) => return Err(from_sqlx(other)),
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
        Err(unfit(format!(
            "migrations are missing: {}; run `accunode migrate up`",
            missing.join(", ")
        )))
    }
}
