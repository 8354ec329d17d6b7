//! Rows can be followed in the order in which they changed, and name the job that changed
//! them.

use sea_orm_migration::prelude::*;

/// Sets the time of rows so that no reader misses one, and stores the job of the last
/// change.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000100_changes/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000100_changes/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
