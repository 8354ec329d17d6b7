//! Storage on a real PostgreSQL, with a separate database for each test.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too")]
#![expect(
    clippy::disallowed_methods,
    reason = "what is tested here is the storage itself, one unit of work at a time"
)]

mod analytics;
mod budgets;
mod chunks;
mod cleanup;
mod companies;
mod denials;
mod entities;
mod figures;
mod fixture;
mod isolation;
mod lists;
mod monitoring;
mod outcomes;
mod plans;
mod pools;
mod predictions;
mod queue;
mod rescoring;
mod revisions;
mod row_level_security;
mod side_by_side;
mod support;
mod timeline;
mod transactions;
mod upload;
mod user_tokens;
mod users;
