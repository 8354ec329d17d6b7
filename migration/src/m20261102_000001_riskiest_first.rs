//! The indexes of the lists with the highest PD first, behind the owner's key. They are by
//! `pd` and not by the specified four decimals: those have ties, and comparing NUMERIC
//! behind a policy cannot use an index.

use sea_orm_migration::prelude::*;

use crate::concurrent::{self, Index};

/// Builds one index per prediction table while it is in use.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

const INDEXES: [Index; 2] = [
    Index {
        name: "idx_annual_predictions_probability",
        on: "annual_predictions (owner_key, pd DESC, id DESC)",
    },
    Index {
        name: "idx_quarterly_predictions_ensemble_probability",
        on: "quarterly_predictions (owner_key, pd DESC, id DESC)",
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
