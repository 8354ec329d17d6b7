//! The API over mocks of every port: properties of all responses.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod conventions;
mod kit;
mod lists;
mod uploads;
