//! Second factors that are valid only once an administrator has approved them.

use sea_orm_migration::prelude::*;

/// Adds the setting of an organization, and the columns of an enrolment that waits.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000030_second_factor_approval/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261127_000030_second_factor_approval/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
