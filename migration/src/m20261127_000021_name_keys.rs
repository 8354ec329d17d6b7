//! No two organizations of a tenant have names that look alike.

use sea_orm_migration::prelude::*;

/// Adds the column and its index.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000021_name_keys/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000021_name_keys/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
