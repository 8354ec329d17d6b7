//! Use cases against mocks of every port: which calls they make, in which order, and that
//! nothing is committed that should not be.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be arranged has failed"
)]

mod api_keys;
mod budgets;
mod bulk_uploads;
mod predictions;
mod proving_oneself;
mod reproducing;
mod rescoring;
mod revisions;
mod signing_in;
mod support;
mod transactions;
