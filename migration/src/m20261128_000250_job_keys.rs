//! The API key that created a job, so that the job ends with it.

use sea_orm_migration::prelude::*;

/// Adds the column.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Not a foreign key: a revoked key is deleted, and the job still has to know of it.
        let sql = "ALTER TABLE bulk_upload_jobs ADD COLUMN api_key_id UUID;
             COMMENT ON COLUMN bulk_upload_jobs.api_key_id IS 'the API key that made the job, which fails once the key is no longer valid; NULL for a session'";
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "ALTER TABLE bulk_upload_jobs DROP COLUMN api_key_id";
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
