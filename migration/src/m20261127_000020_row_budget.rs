//! How many failed and skipped rows each job keeps, so that they can be bounded.

use sea_orm_migration::prelude::*;

/// Adds the column, and counts what is there.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000020_row_budget/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000020_row_budget/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
