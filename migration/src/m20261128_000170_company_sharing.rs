//! A company is raised to a wider level together with the predictions of its owner.

use sea_orm_migration::prelude::*;

/// Judges the level of a company when all of it has moved.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000170_company_sharing/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000170_company_sharing/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
