//! The console in a real browser: whole stories of its users, every page in both themes, and
//! what strangers write as names. Few tests, since each has a browser of its own.

#![expect(
    clippy::expect_used,
    reason = "a test cannot go on where its browser fails"
)]

mod back_tests;
mod keyboard;
mod kit;
mod operators;
mod pages;
mod pictures;
mod stories;
