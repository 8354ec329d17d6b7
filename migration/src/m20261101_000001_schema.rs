//! The first schema, one SQL file per subject, in the order of their dependencies.

use sea_orm_migration::prelude::*;

/// Creates everything that the service starts with.
#[derive(DeriveMigrationName, Debug)]
pub(crate) struct Migration;

/// The statements of one subject, up and down.
struct Subject {
    name: &'static str,
    up: &'static str,
    down: &'static str,
}

macro_rules! subject {
    ($name:literal) => {
        Subject {
            name: $name,
            up: include_str!(concat!("m20261101_000001_schema/", $name, ".up.sql")),
            down: include_str!(concat!("m20261101_000001_schema/", $name, ".down.sql")),
        }
    };
}

const SUBJECTS: [Subject; 15] = [
    subject!("actor"),
    subject!("organizations_and_users"),
    subject!("companies"),
    subject!("predictions"),
    subject!("bulk_jobs"),
    subject!("audit"),
    subject!("rollups"),
    subject!("invariants"),
    subject!("tenancy_version"),
    subject!("claims"),
    subject!("credentials"),
    subject!("operations"),
    subject!("row_level_security"),
    subject!("search"),
    subject!("grants"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for subject in &SUBJECTS {
            tracing::debug!(subject = subject.name, "up");
            manager
                .get_connection()
                .execute_unprepared(subject.up)
                .await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for subject in SUBJECTS.iter().rev() {
            tracing::debug!(subject = subject.name, "down");
            manager
                .get_connection()
                .execute_unprepared(subject.down)
                .await?;
        }
        Ok(())
    }
}
