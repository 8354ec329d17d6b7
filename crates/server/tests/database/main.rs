//! The service's database, as which roles it serves, and the program on its own.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed, also in its helpers"
)]

mod kit;
mod program;
mod roles;
