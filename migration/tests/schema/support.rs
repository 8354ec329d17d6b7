//! A disposable database for a test.

use accunode_migration::{BECOME_SERVER, bootstrap_roles, migrate_up};
use accunode_test_database::Database;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, postgres::PgPoolOptions};

/// A separate database, empty except for the roles.
pub(crate) struct Scratch {
    /// A superuser's URL.
    pub(crate) url: String,
    pub(crate) pool: PgPool,
    // Declared last: dropping it drops the database.
    _database: Database,
}

impl Scratch {
    /// Creates it with the roles and nothing else.
    pub(crate) async fn empty() -> Self {
        let database = Database::blank().await;
        let url = database.url().to_owned();
        let pool = PgPoolOptions::new()
            .max_connections(20)
            .connect(&url)
            .await
            .unwrap();
        bootstrap_roles(&pool).await.unwrap();
        Self {
            url,
            pool,
            _database: database,
        }
    }

    /// Creates it fully migrated.
    pub(crate) async fn migrated() -> Self {
        let scratch = Self::empty().await;
        migrate_up(&scratch.url).await.unwrap();
        scratch
    }

    /// Returns a pool with the serving role.
    pub(crate) async fn server_role(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(2)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    sqlx::raw_sql(BECOME_SERVER).execute(connection).await?;
                    Ok(())
                })
            })
            .connect(&self.url)
            .await
            .unwrap()
    }

    pub(crate) async fn end(self) {
        self.pool.close().await;
    }
}

/// Executes statements of a test.
pub(crate) async fn run(connection: &mut PgConnection, sql: impl Into<String>) {
    let sql = sql.into();
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql.clone()))
        .execute(connection)
        .await
    {
        panic!("{error}\n{sql}");
    }
}

pub(crate) async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}
