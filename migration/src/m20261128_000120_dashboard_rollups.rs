//! The figures of dashboards as sums, for any number of rows.
//!
//! From the first transaction on the triggers record more than before; existing rows are
//! then counted while others write, and merged.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbErr, Statement},
};

/// The mean of `pd`, finer medians, and companies with a high risk.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

/// Merges recorded deltas; 0 when there is nothing left.
const FOLD: &str = "SELECT fold_prediction_rollups(100000) AS folded";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Each call is one transaction here. If it is repeated after a failure, the first
        // step is skipped.
        if !manager.has_table("high_risk_companies").await? {
            run(
                manager,
                include_str!("m20261128_000120_dashboard_rollups/up.sql"),
            )
            .await?;
        }
        run(manager, "SELECT rebuild_prediction_rollups()").await?;
        while fold(manager).await? > 0 {}
        run(
            manager,
            "ANALYZE high_risk_companies, high_risk_company_counts, high_risk_companies_shared",
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(
            manager,
            include_str!("m20261128_000120_dashboard_rollups/down.sql"),
        )
        .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

async fn fold(manager: &SchemaManager<'_>) -> Result<i32, DbErr> {
    let connection = manager.get_connection();
    let statement = Statement::from_string(connection.get_database_backend(), FOLD);
    match connection.query_one_raw(statement).await? {
        Some(row) => row.try_get("", "folded"),
        None => Ok(0),
    }
}

async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(sql).await?;
    Ok(())
}
