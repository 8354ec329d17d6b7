//! Indexes for the filters that select few of an owner's predictions, and the removal of those
//! that they replace.
//!
//! A list by symbol or year no longer scans the owner's rows, and the newest prediction of a year
//! is looked up. Sectors, levels and model versions have few values, each with many rows: a page
//! of them is found soon in the order of the list, and an index for each would cost every upload
//! up to a tenth. The most frequent filter is high risk: the index that counted their companies,
//! which a rollup does since `m20261128_000120_dashboard_rollups`, is now in the order of the
//! list.

use sea_orm_migration::prelude::*;

use crate::concurrent::{self, Index};

/// Builds the new indexes before it drops the old ones.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

const NEW: [Index; 4] = [
    Index {
        name: "idx_annual_predictions_owner_symbol",
        on: "annual_predictions (owner_key, company_symbol, created_at DESC, id DESC)",
    },
    Index {
        name: "idx_annual_predictions_owner_year",
        on: "annual_predictions (owner_key, reporting_year, created_at DESC, id DESC)",
    },
    Index {
        name: "idx_quarterly_predictions_owner_symbol",
        on: "quarterly_predictions (owner_key, company_symbol, created_at DESC, id DESC)",
    },
    Index {
        name: "idx_quarterly_predictions_owner_year",
        on: "quarterly_predictions (owner_key, reporting_year, created_at DESC, id DESC)",
    },
];

/// The new indexes, in the order of the list.
const LISTED: [Index; 2] = [
    Index {
        name: "idx_annual_predictions_risk_level",
        on: "annual_predictions (owner_key, created_at DESC, id DESC) WHERE risk_level = 'High'",
    },
    Index {
        name: "idx_quarterly_predictions_risk_level",
        on: "quarterly_predictions (owner_key, created_at DESC, id DESC) WHERE risk_level = 'High'",
    },
];

/// The previous indexes.
const COUNTED: [Index; 2] = [
    Index {
        name: "idx_annual_predictions_risk_level",
        on: "annual_predictions (owner_key, reporting_year, company_id) WHERE risk_level = 'High'",
    },
    Index {
        name: "idx_quarterly_predictions_risk_level",
        on: "quarterly_predictions (owner_key, reporting_year, reporting_quarter, company_id) WHERE risk_level = 'High'",
    },
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in NEW {
            concurrent::create(manager, index).await?;
        }
        replace(manager, LISTED).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, COUNTED).await?;
        for index in NEW {
            concurrent::drop(manager, index.name).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

/// Builds indexes that replace those of the same name.
async fn replace(manager: &SchemaManager<'_>, indexes: [Index; 2]) -> Result<(), DbErr> {
    for index in indexes {
        concurrent::drop(manager, index.name).await?;
        concurrent::create(manager, index).await?;
    }
    Ok(())
}
