//! The condition of the server, for readiness.

use std::time::Duration;

/// The condition of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It is starting; after a crash it recovers first.
    Starting,
    /// It runs.
    Running,
    /// It does not run, and is restarted after a pause.
    Down {
        /// The reason, as a stable code.
        reason: &'static str,
        /// The time until the next attempt.
        pause: Duration,
    },
}
