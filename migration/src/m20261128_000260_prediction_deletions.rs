//! Which predictions were deleted, and when.

use sea_orm_migration::prelude::*;

/// Adds the table `prediction_deletions`.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000260_prediction_deletions/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000260_prediction_deletions/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
