//! Indexes on tables that may be large and in use: built without blocking writers.
//!
//! CREATE INDEX CONCURRENTLY runs outside a transaction, one statement per call, and a
//! failed build leaves an INVALID index behind, which `IF NOT EXISTS` would accept as
//! built. So such an index is dropped first, and a valid one is kept: an interrupted
//! migration is simply run again.

use sea_orm_migration::{
    SchemaManager,
    sea_orm::{ConnectionTrait, DbErr, Statement},
};

/// An index by name and what comes after ON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Index {
    pub(crate) name: &'static str,
    pub(crate) on: &'static str,
}

/// Builds the index unless it exists and is valid.
pub(crate) async fn create(manager: &SchemaManager<'_>, index: Index) -> Result<(), DbErr> {
    match is_valid(manager, index.name).await? {
        Some(true) => return Ok(()),
        Some(false) => {
            tracing::warn!(
                index = index.name,
                "an earlier build left this index invalid, building it anew"
            );
            drop(manager, index.name).await?;
        }
        None => {}
    }
    let sql = format!("CREATE INDEX CONCURRENTLY {} ON {}", index.name, index.on);
    manager.get_connection().execute_unprepared(&sql).await?;
    Ok(())
}

/// Drops the index if it exists.
pub(crate) async fn drop(manager: &SchemaManager<'_>, name: &str) -> Result<(), DbErr> {
    let sql = format!("DROP INDEX CONCURRENTLY IF EXISTS {name}");
    manager.get_connection().execute_unprepared(&sql).await?;
    Ok(())
}

async fn is_valid(manager: &SchemaManager<'_>, name: &str) -> Result<Option<bool>, DbErr> {
    let connection = manager.get_connection();
    let statement = Statement::from_sql_and_values(
        connection.get_database_backend(),
        "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)",
        [name.into()],
    );
    match connection.query_one_raw(statement).await? {
        Some(row) => Ok(Some(row.try_get("", "indisvalid")?)),
        None => Ok(None),
    }
}
