//! The request that created a job, for the log lines of its worker.

use sea_orm_migration::prelude::*;

/// Adds the column.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "ALTER TABLE bulk_upload_jobs ADD COLUMN request_id VARCHAR(100);
             COMMENT ON COLUMN bulk_upload_jobs.request_id IS 'the request that made the job, as in the log and in audit_logs'";
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "ALTER TABLE bulk_upload_jobs DROP COLUMN request_id";
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
