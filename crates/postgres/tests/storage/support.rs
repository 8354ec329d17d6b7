//! The store on a test's database.

use accunode_migration::{SERVER_ROLE, migration_names};
use accunode_postgres::{PgStore, PoolSettings, PoolSizes};
use accunode_test_database::Database;

/// Returns the store with the serving role.
pub(crate) async fn store(database: &Database) -> PgStore {
    let store = PgStore::connect(database.url(), settings()).await.unwrap();
    store.verify_session().await.unwrap();
    store
}

/// Returns settings of a serving pool.
pub(crate) fn settings() -> PoolSettings {
    PoolSettings {
        sizes: PoolSizes::of_total(10),
        set_role: Some(SERVER_ROLE.to_owned()),
        expected_migrations: migration_names(),
        ..PoolSettings::default()
    }
}
