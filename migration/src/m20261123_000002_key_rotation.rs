//! An API key's secret can be rotated: the previous one stays valid for a while.

use sea_orm_migration::prelude::*;

/// Adds the previous secret, and until when it is valid.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

const UP: &str = "ALTER TABLE api_keys \
    ADD COLUMN previous_hash VARCHAR(64) UNIQUE CHECK (length(previous_hash) = 64), \
    ADD COLUMN previous_until TIMESTAMPTZ, \
    ADD CONSTRAINT api_keys_previous CHECK ((previous_hash IS NULL) = (previous_until IS NULL))";

const DOWN: &str = "ALTER TABLE api_keys \
    DROP CONSTRAINT api_keys_previous, DROP COLUMN previous_until, DROP COLUMN previous_hash";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(UP).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await?;
        Ok(())
    }
}
