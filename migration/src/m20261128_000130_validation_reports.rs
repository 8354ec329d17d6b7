//! Reports of back-tests, their samples, and their sign-offs.

use sea_orm_migration::prelude::*;

/// Adds the tables `validation_reports` and `validation_files`.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000130_validation_reports/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000130_validation_reports/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
