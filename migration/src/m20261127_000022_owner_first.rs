//! Indexes of lists and of the search that a query for another owner cannot use.
//!
//! An index over all owners in the order of a list is harmful: if one owner has nearly
//! every row, the planner uses it for every owner's list, and reads the whole table for
//! owners without rows. A super_admin's lists get partial indexes instead, which only a
//! query with the same condition can use, and the search an index whose keys contain the
//! owner.

use sea_orm_migration::prelude::*;

use crate::concurrent::{self, Index};

/// Builds the new indexes before it drops those that they replace.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

const NEW: [Index; 6] = [
    Index {
        name: "idx_companies_organizations",
        on: "companies (created_at DESC, id DESC) WHERE access_level = 'organization'",
    },
    Index {
        name: "idx_annual_predictions_organizations",
        on: "annual_predictions (created_at DESC, id DESC) WHERE access_level = 'organization'",
    },
    Index {
        name: "idx_quarterly_predictions_organizations",
        on: "quarterly_predictions (created_at DESC, id DESC) WHERE access_level = 'organization'",
    },
    Index {
        name: "idx_companies_creator",
        on: "companies (created_by, created_at DESC, id DESC)",
    },
    Index {
        name: "idx_companies_owner_symbol",
        on: "companies (owner_key, symbol text_pattern_ops)",
    },
    Index {
        name: "idx_companies_owner_search",
        on: "companies USING gin (company_search_keys(owner_key, name))",
    },
];

const OLD: [Index; 7] = [
    Index {
        name: "idx_companies_created_at",
        on: "companies (created_at DESC, id DESC)",
    },
    Index {
        name: "idx_annual_predictions_created_at",
        on: "annual_predictions (created_at DESC, id DESC)",
    },
    Index {
        name: "idx_quarterly_predictions_created_at",
        on: "quarterly_predictions (created_at DESC, id DESC)",
    },
    Index {
        name: "idx_companies_created_by",
        on: "companies (created_by)",
    },
    Index {
        name: "idx_companies_symbol_search",
        on: "companies (symbol text_pattern_ops)",
    },
    Index {
        name: "idx_companies_name_trgm",
        on: "companies USING gin (name gin_trgm_ops)",
    },
    Index {
        name: "idx_companies_name_search",
        on: "companies USING gin (to_tsvector('simple', name))",
    },
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // One call is one transaction here; the index needs the function of its keys.
        run(
            manager,
            include_str!("m20261127_000022_owner_first/search.up.sql"),
        )
        .await?;
        run(
            manager,
            include_str!("m20261127_000022_owner_first/policies.up.sql"),
        )
        .await?;
        for index in NEW {
            concurrent::create(manager, index).await?;
        }
        // The planner has no statistics of an expression until it has been analysed.
        run(manager, "ANALYZE companies").await?;
        for index in OLD {
            concurrent::drop(manager, index.name).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in OLD {
            concurrent::create(manager, index).await?;
        }
        run(
            manager,
            include_str!("m20261127_000022_owner_first/search.down.sql"),
        )
        .await?;
        run(
            manager,
            include_str!("m20261127_000022_owner_first/policies.down.sql"),
        )
        .await?;
        for index in NEW.iter().rev() {
            concurrent::drop(manager, index.name).await?;
        }
        run(
            manager,
            "DROP FUNCTION IF EXISTS company_search_keys(uuid, text)",
        )
        .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(sql).await?;
    Ok(())
}
