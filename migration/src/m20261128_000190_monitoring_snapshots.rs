//! What nightly monitoring counted.

use sea_orm_migration::prelude::*;

/// Adds the table `monitoring_snapshots` and what writes it.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = include_str!("m20261128_000190_monitoring_snapshots/up.sql");
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "DROP FUNCTION keep_monitoring_snapshot(jsonb);
                   DROP FUNCTION monitored_predictions();
                   DROP TABLE monitoring_snapshots";
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }
}
