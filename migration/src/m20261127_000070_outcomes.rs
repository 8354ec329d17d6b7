//! Company outcomes, and the days for which an owner's outcomes are complete.

use sea_orm_migration::prelude::*;

/// Adds the tables `outcomes` and `outcome_coverage`.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000070_outcomes/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000070_outcomes/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
