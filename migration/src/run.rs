//! Applying and reverting migrations, and the state of the database.

use std::{collections::BTreeSet, str::FromStr};

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{DatabaseConnection, SqlxPostgresConnector},
};
use sqlx::{
    ConnectOptions, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{MigrateError, Migrator, lock::MigrationLock};

/// The names of every migration of this build, oldest first.
#[must_use]
pub fn migration_names() -> Vec<String> {
    Migrator::migrations()
        .iter()
        .map(|m| m.name().to_owned())
        .collect()
}

/// The state of a database. All names are in the order in which migrations run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Migrations that the database has and this build knows.
    pub applied: Vec<String>,
    /// Migrations that the database does not have yet.
    pub pending: Vec<String>,
    /// Migrations of a newer build.
    pub unknown: Vec<String>,
}

impl Status {
    /// Whether this build can serve on the database: no migration is missing. A newer build
    /// makes its migrations so that this one still works.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.pending.is_empty()
    }
}

/// Applies the missing migrations and returns their names. The user in the URL is the
/// owner, a superuser, or another member of the owner's role.
///
/// # Errors
/// Every [`MigrateError`]; a second run continues where a failed one stopped.
pub async fn migrate_up(url: &str) -> Result<Vec<String>, MigrateError> {
    let owner = Owner::connect(url).await?;
    let done = owner.up().await;
    owner.close().await?;
    done
}

/// Reverts the last `steps` migrations and returns their names, the newest first. The data
/// in their tables is lost.
///
/// # Errors
/// Every [`MigrateError`].
pub async fn migrate_down(url: &str, steps: u32) -> Result<Vec<String>, MigrateError> {
    let owner = Owner::connect(url).await?;
    let done = owner.down(steps).await;
    owner.close().await?;
    done
}

/// Returns the state of the database of this pool. Any role of AccuNode may ask.
///
/// # Errors
/// [`MigrateError::Statement`].
pub async fn status(pool: &PgPool) -> Result<Status, MigrateError> {
    let recorded: bool =
        sqlx::query_scalar("SELECT to_regclass('public.seaql_migrations') IS NOT NULL")
            .fetch_one(pool)
            .await?;
    let stored: BTreeSet<String> = if recorded {
        sqlx::query_scalar("SELECT version FROM public.seaql_migrations")
            .fetch_all(pool)
            .await?
            .into_iter()
            .collect()
    } else {
        BTreeSet::new()
    };
    let known = migration_names();
    let unknown = stored
        .iter()
        .filter(|name| !known.contains(name))
        .cloned()
        .collect();
    let (applied, pending) = known.into_iter().partition(|name| stored.contains(name));
    Ok(Status {
        applied,
        pending,
        unknown,
    })
}

/// A few connections that act as the owner, and the lock.
struct Owner {
    pool: PgPool,
    orm: DatabaseConnection,
    lock: MigrationLock,
}

impl Owner {
    async fn connect(url: &str) -> Result<Self, MigrateError> {
        let options = PgConnectOptions::from_str(url).map_err(MigrateError::Connect)?;
        let mut first = options.connect().await.map_err(MigrateError::Connect)?;
        may_own(&mut first).await?;
        let lock = MigrationLock::take(first).await?;
        let pool = PgPoolOptions::new()
            .max_connections(2)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    sqlx::raw_sql(
                        "SET ROLE accunode_owner; SET search_path = public; SET statement_timeout = 0; \
                         SET client_min_messages = warning",
                    )
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .connect_with(options)
            .await
            .map_err(MigrateError::Connect)?;
        let orm = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
        Ok(Self { pool, orm, lock })
    }

    async fn up(&self) -> Result<Vec<String>, MigrateError> {
        let before = self.known_status().await?;
        if !before.pending.is_empty() {
            Migrator::up(&self.orm, None)
                .await
                .map_err(MigrateError::Failed)?;
        }
        Ok(before.pending)
    }

    async fn down(&self, steps: u32) -> Result<Vec<String>, MigrateError> {
        let mut newest_first = self.known_status().await?.applied;
        newest_first.reverse();
        newest_first.truncate(usize::try_from(steps).unwrap_or(usize::MAX));
        if !newest_first.is_empty() {
            Migrator::down(&self.orm, Some(steps))
                .await
                .map_err(MigrateError::Failed)?;
        }
        Ok(newest_first)
    }

    async fn known_status(&self) -> Result<Status, MigrateError> {
        let status = status(&self.pool).await?;
        if status.unknown.is_empty() {
            Ok(status)
        } else {
            Err(MigrateError::Newer(status.unknown))
        }
    }

    async fn close(self) -> Result<(), MigrateError> {
        self.pool.close().await;
        self.lock.release().await
    }
}

/// Whether this user is, or can become, the owner.
async fn may_own(connection: &mut PgConnection) -> Result<(), MigrateError> {
    let (user, allowed): (String, Option<bool>) = sqlx::query_as(
        "SELECT session_user::text, pg_has_role(session_user, to_regrole('accunode_owner')::oid, 'MEMBER') \
           AND to_regrole('accunode_server') IS NOT NULL",
    )
    .fetch_one(connection)
    .await?;
    match allowed {
        Some(true) => Ok(()),
        Some(false) => Err(MigrateError::NotOwner { user }),
        None => Err(MigrateError::RolesMissing),
    }
}
