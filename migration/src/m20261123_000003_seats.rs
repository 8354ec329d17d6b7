//! The member limit of an organization; and what its list and its deletion need.

use sea_orm_migration::prelude::*;

/// Adds the trigger, the index and the function.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261123_000003_seats/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261123_000003_seats/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
