//! Going up, going down, and where the database stands.

use std::{collections::BTreeSet, str::FromStr};

use sea_orm_migration::{
    MigrationTrait, MigratorTrait,
    sea_orm::{DatabaseConnection, SqlxPostgresConnector},
};
use sqlx::{
    ConnectOptions, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{
    MigrateError, lock::MigrationLock, m20261101_000001_schema, m20261102_000001_riskiest_first,
    m20261103_000001_revisions, m20261123_000001_proofs, m20261123_000002_key_rotation,
    m20261123_000003_seats, m20261123_000004_people_search,
    m20261123_000005_retention_by_the_owner, m20261127_000020_row_budget,
    m20261127_000021_name_keys, m20261127_000022_owner_first,
    m20261127_000030_second_factor_approval, m20261127_000031_job_progress,
    m20261127_000032_expiry_indexes, m20261127_000040_long_symbols,
    m20261127_000040_waiting_factors, m20261127_000060_idempotency_outcomes,
    m20261127_000061_unused_parts, m20261127_000070_outcomes, m20261127_000080_undo,
    m20261127_000081_company_identifiers, m20261128_000100_changes,
    m20261128_000101_change_indexes, m20261128_000110_job_requests,
    m20261128_000120_dashboard_rollups, m20261128_000121_filter_indexes,
    m20261128_000130_validation_reports, m20261128_000131_outcome_uploads,
    m20261128_000140_company_removal, m20261128_000141_undo_in_turn, m20261128_000150_maintenance,
};

/// Every migration, oldest first.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261101_000001_schema::Migration),
            Box::new(m20261102_000001_riskiest_first::Migration),
            Box::new(m20261103_000001_revisions::Migration),
            Box::new(m20261123_000001_proofs::Migration),
            Box::new(m20261123_000002_key_rotation::Migration),
            Box::new(m20261123_000003_seats::Migration),
            Box::new(m20261123_000004_people_search::Migration),
            Box::new(m20261123_000005_retention_by_the_owner::Migration),
            Box::new(m20261127_000020_row_budget::Migration),
            Box::new(m20261127_000021_name_keys::Migration),
            Box::new(m20261127_000022_owner_first::Migration),
            Box::new(m20261127_000030_second_factor_approval::Migration),
            Box::new(m20261127_000031_job_progress::Migration),
            Box::new(m20261127_000032_expiry_indexes::Migration),
            Box::new(m20261127_000040_long_symbols::Migration),
            Box::new(m20261127_000040_waiting_factors::Migration),
            Box::new(m20261127_000060_idempotency_outcomes::Migration),
            Box::new(m20261127_000061_unused_parts::Migration),
            Box::new(m20261127_000070_outcomes::Migration),
            Box::new(m20261127_000080_undo::Migration),
            Box::new(m20261127_000081_company_identifiers::Migration),
            Box::new(m20261128_000100_changes::Migration),
            Box::new(m20261128_000101_change_indexes::Migration),
            Box::new(m20261128_000110_job_requests::Migration),
            Box::new(m20261128_000120_dashboard_rollups::Migration),
            Box::new(m20261128_000121_filter_indexes::Migration),
            Box::new(m20261128_000130_validation_reports::Migration),
            Box::new(m20261128_000131_outcome_uploads::Migration),
            Box::new(m20261128_000140_company_removal::Migration),
            Box::new(m20261128_000141_undo_in_turn::Migration),
            Box::new(m20261128_000150_maintenance::Migration),
        ]
    }
}

/// The names of every migration of this build, oldest first.
#[must_use]
pub fn migration_names() -> Vec<String> {
    Migrator::migrations()
        .iter()
        .map(|m| m.name().to_owned())
        .collect()
}

/// Where a database stands. All names are in the order in which migrations run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Migrations that the database has and this build knows.
    pub applied: Vec<String>,
    /// Migrations that the database still lacks.
    pub pending: Vec<String>,
    /// Migrations of a newer build.
    pub unknown: Vec<String>,
}

impl Status {
    /// Whether this build can serve on the database: nothing is missing. What a newer
    /// build added it has made so that this one still works.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.pending.is_empty()
    }
}

/// Applies what is missing and answers the names of what it applied. The URL's user is
/// the owner, a superuser, or another member of the owner's role.
///
/// # Errors
/// Every [`MigrateError`]; a second run goes on where a failed one stopped.
pub async fn migrate_up(url: &str) -> Result<Vec<String>, MigrateError> {
    let owner = Owner::connect(url).await?;
    let done = owner.up().await;
    owner.close().await?;
    done
}

/// Takes back the last `steps` migrations and answers their names, the newest first. What
/// was stored in their tables is lost.
///
/// # Errors
/// Every [`MigrateError`].
pub async fn migrate_down(url: &str, steps: u32) -> Result<Vec<String>, MigrateError> {
    let owner = Owner::connect(url).await?;
    let done = owner.down(steps).await;
    owner.close().await?;
    done
}

/// Where the database of this pool stands. Any role of AccuNode may ask.
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
