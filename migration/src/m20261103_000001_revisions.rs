//! The revisions of predictions: one table of revisions beside each table of predictions,
//! written by a trigger.

use sea_orm_migration::prelude::*;

/// Adds the revisions.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261103_000001_revisions/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261103_000001_revisions/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
