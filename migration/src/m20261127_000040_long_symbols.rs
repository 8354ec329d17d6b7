//! Symbols and exchanges as vendors write them.

use sea_orm_migration::prelude::*;

/// Makes room for symbols of 32 and exchanges of 64 characters. Nothing is rewritten.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000040_long_symbols/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000040_long_symbols/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
