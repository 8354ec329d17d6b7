//! The console in a real browser: whole stories of its users, every page in both themes, and
//! hostile names. There are few tests, because each starts its own browser.

#![expect(
    clippy::expect_used,
    reason = "a test cannot go on where its browser fails"
)]

mod accounts;
mod back_tests;
mod budgets;
mod connection;
mod definitions;
mod keyboard;
mod kit;
mod monitoring;
mod operators;
mod pages;
mod pictures;
mod roles;
mod stories;
