//! Outcomes as rows of uploads.

use sea_orm_migration::prelude::*;

/// Lets jobs record outcomes, which refer to their job and row.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000131_outcome_uploads/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000131_outcome_uploads/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
