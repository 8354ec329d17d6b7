//! SeaORM entities, one for each table that is read or written row by row. A column stands here
//! and nowhere else in the adapter.

#![expect(
    clippy::disallowed_methods,
    reason = "`#[sea_orm::model]` generates a `save` that begins a transaction; nothing calls it"
)]

pub(crate) mod annual_prediction_revisions;
pub(crate) mod annual_predictions;
pub(crate) mod companies;
pub(crate) mod outcome_columns;
pub(crate) mod predictions;
pub(crate) mod quarterly_prediction_revisions;
pub(crate) mod quarterly_predictions;
pub(crate) mod revisions;
pub(crate) mod users;
