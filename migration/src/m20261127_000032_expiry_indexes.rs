//! Invitations and login challenges that have expired are found by an index.

use sea_orm_migration::prelude::*;

use crate::concurrent::{self, Index};

/// Builds the indexes while users sign in and are invited.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

const INVITATIONS: Index = Index {
    name: "idx_invitations_expires_at",
    on: "invitations (expires_at) WHERE accepted_at IS NULL",
};

const CHALLENGES: Index = Index {
    name: "idx_login_challenges_expires_at",
    on: "login_challenges (expires_at)",
};

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        concurrent::create(manager, INVITATIONS).await?;
        concurrent::create(manager, CHALLENGES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        concurrent::drop(manager, CHALLENGES.name).await?;
        concurrent::drop(manager, INVITATIONS.name).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}
