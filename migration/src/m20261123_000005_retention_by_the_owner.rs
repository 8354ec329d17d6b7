//! Only the owner drops months of the audit log and rebuilds the rollups.

use sea_orm_migration::prelude::*;

/// Revokes two functions from the serving role.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261123_000005_retention_by_the_owner/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261123_000005_retention_by_the_owner/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
