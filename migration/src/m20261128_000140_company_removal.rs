//! A company is removed only by who may remove what stands on it.

use sea_orm_migration::prelude::*;

/// Asks of each row that would go along.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000140_company_removal/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000140_company_removal/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
