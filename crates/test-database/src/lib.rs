//! A PostgreSQL for tests, and a separate database for each of them.
//!
//! - [`Postgres`]: a disposable server. A test run shares one, which [`URL_VARIABLE`] names
//!   (`with-postgres` of the test kit starts it); a test that runs alone starts one for its
//!   process.
//! - [`Database`]: a copy of a template that is migrated once, dropped with its value.
//!
//! Tests of the schema, of the adapter and of the whole service use these two, so this crate
//! depends on the supervisor and the schema only.

#![expect(
    clippy::expect_used,
    reason = "a test cannot go on where its kit fails"
)]

mod database;
mod server;

pub use database::Database;
pub use server::{Postgres, URL_VARIABLE};
