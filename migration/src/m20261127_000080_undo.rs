//! The data that undoing an upload needs about the predictions that it updated.

use sea_orm_migration::prelude::*;

/// Stores the version that an upload wrote.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000080_undo/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000080_undo/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
