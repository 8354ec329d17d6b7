//! What programs keep with an organization has bounds.

use sea_orm_migration::prelude::*;

/// Bounds of `organizations.settings`, which nothing wrote before.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "ALTER TABLE organizations ADD CONSTRAINT organizations_settings CHECK \
                   (jsonb_typeof(settings) = 'object' AND octet_length(settings::text) <= 16384)";
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "ALTER TABLE organizations DROP CONSTRAINT organizations_settings";
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
