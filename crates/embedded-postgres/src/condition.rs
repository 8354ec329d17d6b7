//! How the server is, for readiness.

use std::time::Duration;

/// How the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It is on its way up; after a crash it recovers first.
    Starting,
    /// It runs.
    Running,
    /// It does not run, and is started again after a pause.
    Down {
        /// Why, as a stable code.
        reason: &'static str,
        /// Until the next try.
        pause: Duration,
    },
}
