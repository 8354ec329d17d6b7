//! Jobs: completed means every row has an outcome, and attempts count since the last checkpoint.

use sea_orm_migration::prelude::*;

/// Adds the constraint, and the cause of a job that is given up.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000031_job_progress/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000031_job_progress/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
