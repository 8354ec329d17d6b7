//! Tests of the embedded PostgreSQL with real servers.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed, also in its helpers"
)]

mod accounts;
mod failures;
mod kit;
mod lifetime;
mod recovery;
mod shared;
