//! SeaORM entities: one for each table that is read or written row by row.
//!
//! A column is named in the file of its table and nowhere else in the adapter. `declared`
//! describes all columns for the test that compares them with a migrated database. Tables
//! without an entity are written only by the database itself or in bulk.

#![expect(
    clippy::disallowed_methods,
    reason = "`#[sea_orm::model]` generates a `save` that begins a transaction; nothing calls it"
)]

pub(crate) mod allowed_emails;
pub(crate) mod annual_prediction_revisions;
pub(crate) mod annual_predictions;
pub(crate) mod api_keys;
pub(crate) mod audit_logs;
pub(crate) mod bulk_upload_jobs;
pub(crate) mod bulk_upload_rows;
pub(crate) mod companies;
mod declared;
pub(crate) mod default_definitions;
pub(crate) mod idempotency_keys;
pub(crate) mod invitations;
pub(crate) mod join_tokens;
pub(crate) mod login_challenges;
pub(crate) mod monitoring_snapshots;
mod named;
pub(crate) mod organizations;
pub(crate) mod outcome_columns;
pub(crate) mod outcome_coverage;
pub(crate) mod outcomes;
pub(crate) mod predictions;
pub(crate) mod quarterly_prediction_revisions;
pub(crate) mod quarterly_predictions;
pub(crate) mod rating_scales;
pub(crate) mod recovery_codes;
pub(crate) mod revisions;
pub(crate) mod tenancy_state;
pub(crate) mod user_tokens;
pub(crate) mod user_totp;
pub(crate) mod users;
pub(crate) mod validation_files;
pub(crate) mod validation_reports;

pub use declared::{DeclaredColumn, DeclaredTable, declared_tables};
pub(crate) use named::Named;
