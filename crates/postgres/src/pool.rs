//! The pool: how connections are made, and as which role they serve.

use std::{str::FromStr, time::Duration};

use accunode_ports::RepositoryError;
use log::LevelFilter;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::runtime::{self, Handle};

use crate::{
    PoolKind, PoolSizes, doubt,
    errors::{defect, from_sqlx},
};

/// How the pool is made.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// At most so many connections of each pool; [`crate::PgJobQueue::CONNECTIONS`] come on top.
    pub sizes: PoolSizes,
    /// How long a connection is waited for; without it as long as suits the pool's work
    /// ([`crate::PoolKind::wait`]).
    pub wait: Option<Duration>,
    /// A connection that no one used for so long is closed.
    pub idle: Duration,
    /// A connection that is older is closed once it is given back.
    pub recycle: Duration,
    /// One that was idle for longer is asked whether it still lives, before it is handed out.
    pub ping_after: Duration,
    /// How long a statement may run; a caller who goes away does not stop it.
    pub statement_timeout: Duration,
    /// The role that every connection takes on, where the URL's own must not serve.
    pub set_role: Option<String>,
    /// Shown in the server's list of connections.
    pub application_name: String,
    /// Statements that take longer are logged as warnings.
    pub slow_statement: Duration,
    /// The migrations this program needs, as their names stand in the database.
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
            application_name: "accunode".to_owned(),
            slow_statement: Duration::from_secs(1),
            expected_migrations: Vec::new(),
        }
    }
}

/// A pool of at most `size` connections, of which none is made yet. Call it within the
/// runtime that lives as long as the process: its connections belong there.
pub(crate) fn lazy(
    url: &str,
    settings: &PoolSettings,
    size: u32,
    kind: PoolKind,
) -> Result<PgPool, RepositoryError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(from_sqlx)?
        .application_name(&settings.application_name)
        .log_statements(LevelFilter::Debug)
        .log_slow_statements(LevelFilter::Warn, settings.slow_statement);
    let prepare = connection_settings(settings, kind);
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
        .after_connect(move |connection, _| {
            let prepare = prepare.clone();
            Box::pin(async move {
                belongs_to(home)?;
                connection.execute(AssertSqlSafe(prepare)).await?;
                Ok(())
            })
        })
        .connect_lazy_with(options))
}

/// Refuses a connection that was opened on another runtime than the pool's: it would end
/// with that runtime, in the hands of the one who has it by then. The web's workers have
/// runtimes of their own, and poll what they are asked within the process's.
fn belongs_to(home: runtime::Id) -> Result<(), sqlx::Error> {
    if Handle::current().id() == home {
        return Ok(());
    }
    let defect = "a database connection was opened on a runtime that ends before the process does";
    tracing::error!("{defect}");
    Err(sqlx::Error::Configuration(defect.into()))
}

/// What every connection of a pool is told first. `SET ROLE` brings no settings of the role
/// with it, so they are said here.
fn connection_settings(settings: &PoolSettings, kind: PoolKind) -> String {
    let role = settings
        .set_role
        .as_deref()
        .map(|role| format!("SET ROLE \"{}\"; ", role.replace('"', "\"\"")))
        .unwrap_or_default();
    let timeout = settings.statement_timeout.as_millis();
    format!(
        "{role}SET statement_timeout = {timeout}; \
         SET idle_in_transaction_session_timeout = '30s'; \
         SET jit = off; SET client_min_messages = warning; SET timezone = 'UTC'; \
         SET search_path = public{}",
        kind.planning()
    )
}

/// The role that serves: its name, whether it is a superuser, whether it bypasses row-level
/// security, and whether it owns a table that is guarded by it.
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

/// That the pool's role is fit to serve: row-level security holds for it.
///
/// # Errors
/// `Internal`, saying what the role is: a superuser, BYPASSRLS, or the tables' owner.
pub(crate) async fn verify_serving_role(pool: &PgPool) -> Result<(), RepositoryError> {
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
