//! Uploads of the same predictions are undone one after the other.

use sea_orm_migration::prelude::*;

/// Stores which version a restored one repeats.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000141_undo_in_turn/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000141_undo_in_turn/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
