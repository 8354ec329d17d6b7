//! The number of failed and skipped rows that each job stores, so that it can be limited.

use sea_orm_migration::prelude::*;

/// Adds the column, and counts existing rows.
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
