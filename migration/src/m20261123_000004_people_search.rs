//! People can be searched for.

use sea_orm_migration::prelude::*;

/// Adds the index of the search.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261123_000004_people_search/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261123_000004_people_search/down.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
