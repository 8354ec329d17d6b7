//! Runs of maintenance, archives of the audit log, and the conditions for dropping a month.

use sea_orm_migration::prelude::*;

/// Creates the tables and functions.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000150_maintenance/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000150_maintenance/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
