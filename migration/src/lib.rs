//! The schema of AccuNode's database, and the migrations that create it.
//!
//! The schema is SQL, one file per subject, in the folder of its migration; `docs/database.md`
//! explains it. This crate depends on no other crate of the workspace.
//!
//! A new installation runs [`bootstrap_roles`] once as a superuser, then [`migrate_up`]; any number
//! of nodes may start with both at the same time. [`status`] needs only the right to read, and
//! readiness uses it.
//!
//! To add a migration, add a module `mYYYYMMDD_NNNNNN_what_it_does` with its SQL, `up` and a real
//! `down`, and two lines in this file: its `mod` and its entry in [`Migrator`]. A change to a table
//! that may be large builds its indexes with `concurrent::create` outside a transaction, as
//! `m20261102_000001_riskiest_first` does.

mod concurrent;
mod error;
mod lock;
mod m20261101_000001_schema;
mod m20261102_000001_riskiest_first;
mod m20261103_000001_revisions;
mod m20261123_000001_proofs;
mod m20261123_000002_key_rotation;
mod m20261123_000003_seats;
mod m20261123_000004_people_search;
mod m20261123_000005_retention_by_the_owner;
mod m20261127_000020_row_budget;
mod m20261127_000021_name_keys;
mod m20261127_000022_owner_first;
mod m20261127_000030_second_factor_approval;
mod m20261127_000031_job_progress;
mod m20261127_000032_expiry_indexes;
mod m20261127_000040_long_symbols;
mod m20261127_000040_waiting_factors;
mod m20261127_000060_idempotency_outcomes;
mod m20261127_000061_unused_parts;
mod m20261127_000070_outcomes;
mod m20261127_000080_undo;
mod m20261127_000081_company_identifiers;
mod m20261128_000100_changes;
mod m20261128_000101_change_indexes;
mod m20261128_000110_job_requests;
mod m20261128_000120_dashboard_rollups;
mod m20261128_000121_filter_indexes;
mod m20261128_000130_validation_reports;
mod m20261128_000131_outcome_uploads;
mod m20261128_000140_company_removal;
mod m20261128_000141_undo_in_turn;
mod m20261128_000150_maintenance;
mod m20261128_000160_rating_scales;
mod m20261128_000170_company_sharing;
mod m20261128_000171_organization_settings;
mod m20261128_000172_job_log;
mod m20261128_000190_monitoring_snapshots;
mod m20261128_000216_prediction_owners;
mod m20261128_000217_default_definitions;
mod m20261128_000250_job_keys;
mod m20261128_000260_prediction_deletions;
mod roles;
mod run;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

pub use error::MigrateError;
pub use roles::{BECOME_SERVER, OWNER_ROLE, SERVER_ROLE, bootstrap_roles};
pub use run::{Status, migrate_down, migrate_up, migration_names, status};

/// Every migration, oldest first.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261101_000001_schema::Migration),
            Box::new(m20261102_000001_riskiest_first::Migration),
            Box::new(m20261103_000001_revisions::Migration),
            Box::new(m20261123_000001_proofs::Migration),
            Box::new(m20261123_000002_key_rotation::Migration),
            Box::new(m20261123_000003_seats::Migration),
            Box::new(m20261123_000004_people_search::Migration),
            Box::new(m20261123_000005_retention_by_the_owner::Migration),
            Box::new(m20261127_000020_row_budget::Migration),
            Box::new(m20261127_000021_name_keys::Migration),
            Box::new(m20261127_000022_owner_first::Migration),
            Box::new(m20261127_000030_second_factor_approval::Migration),
            Box::new(m20261127_000031_job_progress::Migration),
            Box::new(m20261127_000032_expiry_indexes::Migration),
            Box::new(m20261127_000040_long_symbols::Migration),
            Box::new(m20261127_000040_waiting_factors::Migration),
            Box::new(m20261127_000060_idempotency_outcomes::Migration),
            Box::new(m20261127_000061_unused_parts::Migration),
            Box::new(m20261127_000070_outcomes::Migration),
            Box::new(m20261127_000080_undo::Migration),
            Box::new(m20261127_000081_company_identifiers::Migration),
            Box::new(m20261128_000100_changes::Migration),
            Box::new(m20261128_000101_change_indexes::Migration),
            Box::new(m20261128_000110_job_requests::Migration),
            Box::new(m20261128_000120_dashboard_rollups::Migration),
            Box::new(m20261128_000121_filter_indexes::Migration),
            Box::new(m20261128_000130_validation_reports::Migration),
            Box::new(m20261128_000131_outcome_uploads::Migration),
            Box::new(m20261128_000140_company_removal::Migration),
            Box::new(m20261128_000141_undo_in_turn::Migration),
            Box::new(m20261128_000150_maintenance::Migration),
            Box::new(m20261128_000160_rating_scales::Migration),
            Box::new(m20261128_000170_company_sharing::Migration),
            Box::new(m20261128_000171_organization_settings::Migration),
            Box::new(m20261128_000172_job_log::Migration),
            Box::new(m20261128_000190_monitoring_snapshots::Migration),
            Box::new(m20261128_000216_prediction_owners::Migration),
            Box::new(m20261128_000217_default_definitions::Migration),
            Box::new(m20261128_000250_job_keys::Migration),
            Box::new(m20261128_000260_prediction_deletions::Migration),
        ]
    }
}
