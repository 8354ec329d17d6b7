//! Definitions of default that owners make for themselves. The shipped ones are part of the
//! program.

use sea_orm_migration::prelude::*;

/// Adds the table `default_definitions`.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000217_default_definitions/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql =
            "DROP TABLE default_definitions; DROP FUNCTION default_definitions_before_update()";
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
