//! Users can be searched for by a part of name or address.

use sea_orm_migration::prelude::*;

use crate::concurrent::{self, Index};

/// Builds the index of the search while users sign in.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

const SEARCH: Index = Index {
    name: "idx_users_search",
    on: "users USING gin ((email || ' ' || coalesce(first_name, '') || ' ' || coalesce(last_name, '')) gin_trgm_ops)",
};

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        concurrent::create(manager, SEARCH).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        concurrent::drop(manager, SEARCH.name).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}
