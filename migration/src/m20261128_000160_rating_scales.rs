//! Master scales that owners make for themselves. The shipped one is part of the program.

use sea_orm_migration::prelude::*;

/// Adds the table `rating_scales`.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000160_rating_scales/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "DROP TABLE rating_scales";
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
