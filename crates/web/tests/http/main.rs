//! The API over doubles of every port: what holds for every answer.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod conventions;
mod kit;
mod lists;
mod uploads;
