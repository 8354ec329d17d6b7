//! The schema on a real PostgreSQL, each test in a database of its own.

#![expect(clippy::disallowed_methods, reason = "tests wait for what they spawn")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper of a test may fail where it stands"
)]

mod catalog;
mod constraints;
mod migrating;
mod rollups;
mod support;
