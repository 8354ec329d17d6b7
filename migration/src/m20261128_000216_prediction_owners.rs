//! The owners that predictions had before they were raised to another level.

use sea_orm_migration::prelude::*;

/// Adds the tables `annual_prediction_owners` and `quarterly_prediction_owners`.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000216_prediction_owners/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000216_prediction_owners/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
