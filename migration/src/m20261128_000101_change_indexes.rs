//! The indexes of the lists that follow changes, behind the owner's key: of all changes, and
//! of those of one job.

use sea_orm_migration::prelude::*;

use crate::concurrent::{self, Index};

/// Builds two indexes per table while it is in use.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

const INDEXES: [Index; 6] = [
    Index {
        name: "idx_companies_changed",
        on: "companies (owner_key, updated_at, id)",
    },
    Index {
        name: "idx_companies_changed_by_job",
        on: "companies (owner_key, changed_by_job, updated_at, id) WHERE changed_by_job IS NOT NULL",
    },
    Index {
        name: "idx_annual_predictions_changed",
        on: "annual_predictions (owner_key, updated_at, id)",
    },
    Index {
        name: "idx_annual_predictions_changed_by_job",
        on: "annual_predictions (owner_key, changed_by_job, updated_at, id) WHERE changed_by_job IS NOT NULL",
    },
    Index {
        name: "idx_quarterly_predictions_changed",
        on: "quarterly_predictions (owner_key, updated_at, id)",
    },
    Index {
        name: "idx_quarterly_predictions_changed_by_job",
        on: "quarterly_predictions (owner_key, changed_by_job, updated_at, id) WHERE changed_by_job IS NOT NULL",
    },
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in INDEXES {
            concurrent::create(manager, index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in INDEXES.iter().rev() {
            concurrent::drop(manager, index.name).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}
