//! Identifiers of companies from other institutions.

use sea_orm_migration::prelude::*;

/// Adds ISIN, LEI, FIGI and national numbers.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000081_company_identifiers/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000081_company_identifiers/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
