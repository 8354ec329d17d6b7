//! The service's database: its location, its roles, and its preparation.
//!
//! Two roles: `accunode_owner` owns the schema, `accunode_server` serves and is subject to
//! row-level security. The embedded database is created and migrated automatically; an
//! external one is changed by `accunode migrate` only.
//!
//! **Invariant:** the service never runs as a superuser, as a role that bypasses row-level
//! security, or as the tables' owner.

mod condition;
mod connect;
pub(crate) mod connections;
mod error;
mod pooler;
mod role;
mod route;

use std::net::IpAddr;

use accunode_embedded_postgres::{Cancel, EmbeddedError, EmbeddedOptions, EmbeddedPostgres};
use accunode_migration::{OWNER_ROLE, SERVER_ROLE};
use accunode_postgres::session;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};

pub(crate) use condition::ConditionProbe;
pub(crate) use connect::connect;
pub use error::DatabaseError;
pub(crate) use route::ReplicaRoute;
pub use route::Route;

use crate::config::{Config, SecretUrl};
use connections::Allowance;
use role::RoleFacts;

/// The embedded cluster's database.
const DATABASE: &str = "accunode";

/// The location of the database and its roles. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Database {
    server_url: SecretUrl,
    /// The same past a pooler.
    direct_url: Option<SecretUrl>,
    owner_url: Option<SecretUrl>,
    /// Only for the embedded one: the superuser who creates what is missing.
    embedded: Option<Superuser>,
}

#[derive(Debug, Clone)]
struct Superuser {
    /// Options for the database that every cluster has.
    cluster: PgConnectOptions,
    /// Options for our database.
    database: PgConnectOptions,
    /// The same, for PostgreSQL's programs.
    url: SecretUrl,
}

impl Database {
    /// Opens the configured database, or else the embedded one, which is started or
    /// adopted. Keep the second value until everything that uses the database has ended.
    ///
    /// # Errors
    /// If the embedded database cannot be started.
    pub fn open(config: &Config) -> Result<(Self, Option<EmbeddedPostgres>), DatabaseError> {
        Self::open_by(config, EmbeddedPostgres::start)
    }

    /// As [`Self::open`], for a long-running process. Blocks while the embedded database
    /// starts, until `cancel` is set.
    ///
    /// # Errors
    /// If the embedded database cannot be started.
    pub fn open_to_stay(
        config: &Config,
        cancel: &Cancel,
    ) -> Result<(Self, Option<EmbeddedPostgres>), DatabaseError> {
        Self::open_by(config, |options| {
            EmbeddedPostgres::start_to_stay(options, cancel)
        })
    }

    fn open_by(
        config: &Config,
        start: impl FnOnce(&EmbeddedOptions) -> Result<EmbeddedPostgres, EmbeddedError>,
    ) -> Result<(Self, Option<EmbeddedPostgres>), DatabaseError> {
        if let Some(url) = &config.database_url {
            let database = Self {
                server_url: url.clone(),
                direct_url: config.direct_database_url.clone(),
                owner_url: config.owner_database_url.clone(),
                embedded: None,
            };
            return Ok((database, None));
        }
        let running = start(&config.embedded_options())?;
        Ok((Self::embedded(&running)?, Some(running)))
    }

    /// Returns the service's database in a running embedded PostgreSQL.
    ///
    /// # Errors
    /// Never for a running server: its socket's folder can be expressed as a URL.
    pub fn embedded(running: &EmbeddedPostgres) -> Result<Self, DatabaseError> {
        let url = |role| SecretUrl::parse(&running.url(role, DATABASE)).map_err(DatabaseError::Url);
        Ok(Self {
            server_url: url(SERVER_ROLE)?,
            direct_url: None,
            owner_url: Some(url(OWNER_ROLE)?),
            embedded: Some(Superuser {
                cluster: running.superuser_options("postgres"),
                database: running.superuser_options(DATABASE),
                url: SecretUrl::parse(&running.superuser_url(DATABASE))
                    .map_err(DatabaseError::Url)?,
            }),
        })
    }

    /// Returns whether the database is this program's own, created and migrated
    /// automatically.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    /// Returns the superuser's URL of the private PostgreSQL.
    #[must_use]
    pub fn superuser_url(&self) -> Option<&SecretUrl> {
        self.embedded.as_ref().map(|superuser| &superuser.url)
    }

    /// Creates the database and the roles where the service may: in the embedded
    /// PostgreSQL, or with a superuser's URL. It may run any number of times, also in
    /// several processes at once.
    ///
    /// # Errors
    /// If the database does not answer, or a role is missing that this URL cannot create.
    pub async fn bootstrap(&self) -> Result<(), DatabaseError> {
        if let Some(superuser) = &self.embedded {
            create_database(&superuser.cluster).await?;
            return make_roles(superuser.database.clone()).await;
        }
        let options = session::options(self.owner_or_direct_url().expose())?;
        if RoleFacts::ask(&options).await?.superuser {
            make_roles(options).await?;
        }
        Ok(())
    }

    /// Migrates the embedded database; checks that any other is up to date.
    ///
    /// # Errors
    /// [`DatabaseError::Pending`] with what `accunode migrate up` would do.
    pub async fn ensure_schema(&self) -> Result<(), DatabaseError> {
        if self.is_embedded() {
            self.bootstrap().await?;
            let done = accunode_migration::migrate_up(self.migration_url().await?.expose()).await?;
            if !done.is_empty() {
                tracing::info!(migrations = done.len(), "migrated the embedded database");
            }
            return Ok(());
        }
        let status = self.status().await?;
        if status.is_current() {
            Ok(())
        } else {
            Err(DatabaseError::Pending(status.pending))
        }
    }

    /// Checks that the server has the connections that a process with this pool opens itself.
    ///
    /// # Errors
    /// [`DatabaseError::TooFewConnections`] with the number that would fit.
    pub async fn check_connections(&self, pool: u32) -> Result<(), DatabaseError> {
        let mut connection = connect(&session::options(self.own_url().expose())?).await?;
        let allowance = Allowance::ask(&mut connection).await?;
        connection.close().await?;
        allowance.check(pool)
    }

    /// Returns which migrations are applied and which are missing.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn status(&self) -> Result<accunode_migration::Status, DatabaseError> {
        let pool = one_connection(session::options(self.own_url().expose())?).await?;
        let status = accunode_migration::status(&pool).await;
        pool.close().await;
        Ok(status?)
    }

    /// Returns how to serve: with the URL as it was given if its role is fit to serve, otherwise
    /// with one that assumes `accunode_server` when it connects.
    ///
    /// The role is a start-up setting of the connection and not a later `SET ROLE`: a pooler
    /// refuses it, where a lost `SET ROLE` would serve as the owner; and `RESET ROLE` returns to
    /// it.
    ///
    /// # Errors
    /// If neither is possible, or a pooler is on the way and the service cannot work behind it:
    /// then the service must not start.
    pub async fn route(&self) -> Result<Route, DatabaseError> {
        let pooled = session::options(self.server_url.expose())?;
        if is_readable_on_the_way(&pooled) {
            tracing::warn!(
                "what goes to the database and back may be read on the way: it is on another \
                 machine, and its URL does not ask for TLS; add sslmode=verify-full"
            );
        }
        let Some(direct_url) = &self.direct_url else {
            if pooler::answers(&pooled).await? {
                return Err(DatabaseError::DirectUrlMissing);
            }
            return self.route_without_pooler().await;
        };
        let direct = session::options(direct_url.expose())?;
        if pooler::answers(&direct).await? {
            return Err(DatabaseError::DirectUrlPooled);
        }
        let may_serve = !RoleFacts::ask(&direct).await?.must_become_server()?;
        if may_serve {
            // Before any session behind the pooler is opened.
            pooler::give_settings(&direct).await?;
        }
        if !pooler::answers(&pooled).await? {
            return self.route_without_pooler().await;
        }
        if !may_serve {
            return Err(DatabaseError::RoleBehindPooler);
        }
        pooler::check(&pooled, &direct).await?;
        Ok(Route {
            url: self.server_url.clone(),
            past_pooler: Some(direct_url.clone()),
        })
    }

    async fn route_without_pooler(&self) -> Result<Route, DatabaseError> {
        let given = RoleFacts::ask(&session::options(self.server_url.expose())?).await?;
        let url = if given.must_become_server()? {
            let url = self
                .server_url
                .with_query_pair("options[role]", SERVER_ROLE);
            let taken = RoleFacts::ask(&session::options(url.expose())?).await?;
            taken.must_be_fit()?;
            url
        } else {
            self.server_url.clone()
        };
        Ok(Route {
            url,
            past_pooler: None,
        })
    }

    /// Returns the URL of the role that serves, past a pooler if one is known.
    fn own_url(&self) -> &SecretUrl {
        self.direct_url.as_ref().unwrap_or(&self.server_url)
    }

    fn owner_or_direct_url(&self) -> &SecretUrl {
        self.owner_url.as_ref().unwrap_or_else(|| self.own_url())
    }

    /// Returns the URL for what locks the whole schema or holds a snapshot of it.
    ///
    /// # Errors
    /// As [`Self::owner_url`], and [`DatabaseError::OwnerUrlPooled`] if a pooler would lose the
    /// lock.
    pub async fn migration_url(&self) -> Result<SecretUrl, DatabaseError> {
        let url = self.owner_url().await?;
        if pooler::answers(&session::options(url.expose())?).await? {
            return Err(DatabaseError::OwnerUrlPooled);
        }
        Ok(url)
    }

    /// Returns the URL for migrations, maintenance and backups.
    ///
    /// # Errors
    /// [`DatabaseError::OwnerUrlMissing`] if the only URL is the server's.
    pub async fn owner_url(&self) -> Result<SecretUrl, DatabaseError> {
        if let Some(url) = &self.owner_url {
            return Ok(url.clone());
        }
        let own = self.own_url();
        let given = RoleFacts::ask(&session::options(own.expose())?).await?;
        if given.superuser || given.may_be_owner != Some(false) {
            return Ok(own.clone());
        }
        Err(DatabaseError::OwnerUrlMissing)
    }

    /// Opens a connection that acts as the owner.
    ///
    /// # Errors
    /// As [`Self::owner_url`], and if the database does not answer.
    pub async fn connect_as_owner(&self) -> Result<PgConnection, DatabaseError> {
        connect(&self.owner_options().await?).await
    }

    /// Returns the options with which [`Self::connect_as_owner`] connects.
    ///
    /// # Errors
    /// As [`Self::owner_url`].
    pub async fn owner_options(&self) -> Result<PgConnectOptions, DatabaseError> {
        let options = session::options(self.owner_url().await?.expose())?;
        Ok(options
            .application_name("accunode maintenance")
            .options([("role", OWNER_ROLE), ("statement_timeout", "0")]))
    }
}

/// Returns how the read replica is reached with the role to serve as. It has the roles of the
/// primary, and need not answer when the process starts; so every role but `accunode_server`
/// itself assumes that one when it connects, and the connections are refused if it may not.
///
/// # Errors
/// [`DatabaseError::ReadUrlPooled`].
pub(crate) async fn read_url(
    config: &Config,
    route: &Route,
) -> Result<Option<ReplicaRoute>, DatabaseError> {
    let Some(url) = &config.read_database_url else {
        return Ok(None);
    };
    let options = session::options(url.expose())?;
    if is_readable_on_the_way(&options) {
        tracing::warn!(
            "what the read replica answers may be read on the way: it is on another machine, and \
             its URL does not ask for TLS; add sslmode=verify-full"
        );
    }
    // A pooler that does not answer now refuses the connections later.
    let is_pooled = pooler::answers(&options).await.is_ok_and(|pooled| pooled);
    if is_pooled && !route.is_pooled() {
        return Err(DatabaseError::ReadUrlPooled);
    }
    let url = if is_pooled || options.get_username() == SERVER_ROLE {
        url.clone()
    } else {
        url.with_query_pair("options[role]", SERVER_ROLE)
    };
    Ok(Some(ReplicaRoute { url, is_pooled }))
}

/// Returns whether someone on the network path could read the traffic, or force both sides
/// to use no TLS.
fn is_readable_on_the_way(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let is_here = host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let asks_for_tls = matches!(
        options.get_ssl_mode(),
        PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull
    );
    !is_here && !asks_for_tls
}

/// Another process may create it at the same time.
async fn create_database(cluster: &PgConnectOptions) -> Result<(), DatabaseError> {
    let mut connection = connect(cluster).await?;
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(DATABASE)
            .fetch_one(&mut connection)
            .await?;
    if !exists {
        let made = sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {DATABASE}")))
            .execute(&mut connection)
            .await;
        match made {
            Err(sqlx::Error::Database(error))
                if matches!(error.code().as_deref(), Some("42P04" | "23505")) => {}
            made => {
                made?;
            }
        }
    }
    Ok(connection.close().await?)
}

/// Creates the roles, and the statistics of statements if the server collects them: only a
/// superuser can create that extension.
async fn make_roles(superuser: PgConnectOptions) -> Result<(), DatabaseError> {
    let pool = one_connection(superuser).await?;
    let made = async {
        accunode_migration::bootstrap_roles(&pool).await?;
        sqlx::raw_sql(include_str!("statistics.sql"))
            .execute(&pool)
            .await?;
        Ok(())
    }
    .await;
    pool.close().await;
    made
}

async fn one_connection(options: PgConnectOptions) -> Result<PgPool, DatabaseError> {
    connect(&options).await?.close().await?;
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await?;
    Ok(pool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_database_without_tls_is_detected() {
        for (url, readable) in [
            ("postgres://a@db/x", true),
            ("postgres://a@10.0.0.7/x?sslmode=prefer", true),
            ("postgres://a@db/x?sslmode=disable", true),
            ("postgres://a@db/x?sslmode=require", false),
            ("postgres://a@db/x?sslmode=verify-full", false),
            ("postgres://a@localhost/x", false),
            ("postgres://a@127.0.0.1:5433/x", false),
            ("postgres://a@%2Frun%2Fpostgresql/x", false),
        ] {
            let options = url.parse().expect(url);
            assert_eq!(is_readable_on_the_way(&options), readable, "{url}");
        }
    }
}
