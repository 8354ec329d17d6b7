//! Proofs of identity: one open token per purpose, and second factors.

use sea_orm_migration::prelude::*;

/// Adds second factors, and keeps tokens of mails to one per user and purpose.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261123_000001_proofs/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261123_000001_proofs/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
