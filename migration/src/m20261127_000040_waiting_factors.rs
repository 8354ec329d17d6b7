//! Enrolments that wait and the administrators of a user are found by an index of their
//! organization.

use sea_orm_migration::prelude::*;

/// Keeps the organization beside an enrolment that waits, and indexes both.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000040_waiting_factors/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000040_waiting_factors/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
