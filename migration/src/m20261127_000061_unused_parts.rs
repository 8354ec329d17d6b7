//! Parts of the schema that nothing uses: a table of maintenance runs and a channel.

use sea_orm_migration::prelude::*;

/// Drops them.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000061_unused_parts/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000061_unused_parts/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
