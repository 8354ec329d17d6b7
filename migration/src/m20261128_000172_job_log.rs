//! A job has a log of what happened to it.

use sea_orm_migration::prelude::*;

/// Writes a line where a job moves.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000172_job_log/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000172_job_log/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
