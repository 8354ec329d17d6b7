//! Idempotency keys: the outcome that the use case stores, without an HTTP status.

use sea_orm_migration::prelude::*;

/// Renames the stored response, and drops unused columns.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000060_idempotency_outcomes/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000060_idempotency_outcomes/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
