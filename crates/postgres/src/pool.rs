//! The pool: how connections are opened, and with which role they serve.

use std::time::Duration;

use accunode_ports::RepositoryError;
use log::LevelFilter;
use sqlx::{ConnectOptions, Connection, PgPool, postgres::PgPoolOptions};
use tokio::runtime::{self, Handle};

use crate::{
    PoolKind, PoolSizes, doubt,
    errors::{defect, from_sqlx},
    session,
};

/// The settings of the pool.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// The largest number of connections of each pool; [`crate::PgJobQueue::CONNECTIONS`] are
    /// added.
    pub sizes: PoolSizes,
    /// How long to wait for a connection; `None` for the default of the pool's work
    /// ([`crate::PoolKind::wait`]).
    pub wait: Option<Duration>,
    /// The time after which an unused connection is closed.
    pub idle: Duration,
    /// The age at which a connection is closed once it is returned.
    pub recycle: Duration,
    /// The idle time after which a connection is tested before it is handed out.
    pub ping_after: Duration,
    /// The time limit of a statement, which a disconnected client does not stop.
    pub statement_timeout: Duration,
    /// The role that every connection assumes, if the URL's own must not serve.
    pub set_role: Option<String>,
    /// Whether the URLs lead to a pooler that gives each transaction another session, such as
    /// PgBouncer in transaction mode. The connections then make no settings: their role has them
    /// ([`crate::session::give_to_role`]).
    pub shares_sessions: bool,
    /// The same of the replica's URL. The settings of a role come to a replica with its changes, so
    /// later; a connection that makes its own does not wait for them.
    pub replica_shares_sessions: bool,
    /// The URL past the pooler, for the connection that listens; without it that is the pool's.
    pub direct_url: Option<String>,
    /// Shown in the server's list of connections.
    pub application_name: String,
    /// The time above which statements are logged as warnings.
    pub slow_statement: Duration,
    /// The migrations that this program needs, by their names in the database.
    pub expected_migrations: Vec<String>,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            sizes: PoolSizes::of_total(16),
            wait: None,
            idle: Duration::from_secs(600),
            recycle: Duration::from_secs(1_800),
            ping_after: Duration::from_secs(30),
            statement_timeout: Duration::from_secs(30),
            set_role: None,
            shares_sessions: false,
            replica_shares_sessions: false,
            direct_url: None,
            application_name: "accunode".to_owned(),
            slow_statement: Duration::from_secs(1),
            expected_migrations: Vec::new(),
        }
    }
}

/// Returns a pool of at most `size` connections, none of which is opened yet. Call it within the
/// runtime that lives as long as the process, because its connections belong to it.
pub(crate) fn lazy(
    url: &str,
    settings: &PoolSettings,
    size: u32,
    kind: PoolKind,
) -> Result<PgPool, RepositoryError> {
    let options = session::options(url)
        .map_err(from_sqlx)?
        .application_name(&settings.application_name)
        .log_statements(LevelFilter::Debug)
        .log_slow_statements(LevelFilter::Warn, settings.slow_statement);
    let options = if settings.shares_sessions {
        options
    } else {
        options.options(session::settings(settings, kind))
    };
    let ping_after = settings.ping_after;
    let home = Handle::current().id();
    Ok(PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(settings.wait.unwrap_or_else(|| kind.wait()))
        .idle_timeout(settings.idle)
        .max_lifetime(settings.recycle)
        .test_before_acquire(false)
        .before_acquire(move |connection, meta| {
            Box::pin(async move {
                if meta.idle_for > ping_after || doubt::concerns(&meta) {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |_, _| Box::pin(async move { belongs_to(home) }))
        .connect_lazy_with(options))
}

/// Refuses a connection that was opened on another runtime than the pool's: it would break when
/// that runtime ends, while another task uses it. The web's workers have runtimes of their own,
/// and poll requests within the process's.
fn belongs_to(home: runtime::Id) -> Result<(), sqlx::Error> {
    if Handle::current().id() == home {
        return Ok(());
    }
    let defect = "a database connection was opened on a runtime that ends before the process does";
    tracing::error!("{defect}");
    Err(sqlx::Error::Configuration(defect.into()))
}

/// The serving role: its name, whether it is a superuser, whether it bypasses row-level
/// security, and whether it owns a table with row-level security.
const SERVING_ROLE: &str = "
    SELECT current_user::text,
           r.rolsuper,
           r.rolbypassrls,
           EXISTS (SELECT
                     FROM pg_class c
                    WHERE c.relnamespace = 'public'::regnamespace
                      AND c.relname IN ('companies', 'annual_predictions', 'quarterly_predictions',
                                        'bulk_upload_jobs', 'bulk_upload_rows', 'audit_logs')
                      AND pg_has_role(current_user, c.relowner, 'USAGE'))
      FROM pg_roles r
     WHERE r.rolname = current_user";

/// Checks that the pool's sessions are suitable: row-level security applies to their role, and they
/// have the settings of the service.
///
/// # Errors
/// `Internal`, naming the problem: a superuser, BYPASSRLS, the tables' owner, or a setting that was
/// lost on the way.
pub(crate) async fn verify_session(
    pool: &PgPool,
    settings: &PoolSettings,
) -> Result<(), RepositoryError> {
    verify_role(pool).await?;
    verify_settings(pool, settings).await
}

/// Checks that the pool's sessions have the settings of the service.
///
/// # Errors
/// `Internal`, naming those that were lost on the way.
pub(crate) async fn verify_settings(
    pool: &PgPool,
    settings: &PoolSettings,
) -> Result<(), RepositoryError> {
    let wanted = if settings.shares_sessions {
        session::of_role(settings)
    } else {
        session::settings(settings, PoolKind::Identity)
    };
    let mut connection = pool.acquire().await.map_err(from_sqlx)?;
    let missing = session::missing(&mut connection, &wanted);
    let missing = missing.await.map_err(from_sqlx)?;
    if missing.is_empty() {
        return Ok(());
    }
    Err(defect(format!(
        "the sessions of the database lack settings of the service ({}): a pooler on the way loses \
         them, or its connections are older than them. Reconnect the pooler (RECONNECT in \
         PgBouncer's console), and give the URL that leads past it as direct_database_url",
        missing.join(", ")
    )))
}

/// Checks that row-level security applies to the role of the pool.
///
/// # Errors
/// `Internal`, naming the problem.
pub(crate) async fn verify_role(pool: &PgPool) -> Result<(), RepositoryError> {
    let (name, is_superuser, bypasses, owns): (String, bool, bool, bool) =
        sqlx::query_as(SERVING_ROLE)
            .fetch_one(pool)
            .await
            .map_err(from_sqlx)?;
    let fault = if is_superuser {
        "is a superuser"
    } else if bypasses {
        "bypasses row-level security"
    } else if owns {
        "owns the tables"
    } else {
        return Ok(());
    };
    Err(defect(format!(
        "the database role `{name}` {fault}, so row-level security would not hold: \
         serve as accunode_server"
    )))
}
