//! The service's database, the roles with which it serves, and the program itself.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed, also in its helpers"
)]

mod kit;
mod program;
mod roles;
