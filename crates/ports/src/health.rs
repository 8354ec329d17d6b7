//! Probes of what a process needs to serve requests.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::Cause;

/// A failed dependency of the process.
#[derive(Debug)]
pub struct Failing {
    /// The name of the check, such as `database`. Stable.
    pub check: &'static str,
    /// The reason as a stable code, such as `connection_refused`.
    pub reason: &'static str,
    /// The reason for readers. It is public: it names no host, no user and no file.
    pub detail: String,
    /// The cause, for the log.
    pub cause: Option<Cause>,
}

impl Failing {
    /// Creates a failure without a cause.
    pub fn new(check: &'static str, reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            check,
            reason,
            detail: detail.into(),
            cause: None,
        }
    }

    /// Adds the cause, for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Cause>) -> Self {
        self.cause = Some(cause.into());
        self
    }
}

/// A probe of one dependency of the process. Readiness runs all of them at once, limits the
/// time of each, and keeps each result for a while.
#[async_trait]
pub trait Probe: Send + Sync {
    /// Returns the name of the dependency, such as `files`. Stable and unique.
    fn check(&self) -> &'static str;

    /// Returns whether a process without the dependency must not receive requests.
    /// Otherwise readiness only reports it: an unreachable mail server must not take the
    /// whole service down.
    fn is_required(&self) -> bool {
        true
    }

    /// Returns how long a result is valid.
    fn holds_for(&self) -> Duration {
        Duration::from_secs(5)
    }

    /// Runs the probe.
    ///
    /// # Errors
    /// The failure, under the name that [`Probe::check`] returns.
    async fn run(&self) -> Result<(), Failing>;
}
