//! What a process needs so that it can serve, and how that is looked at.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::Cause;

/// Something that a process needs and does not have.
#[derive(Debug)]
pub struct Failing {
    /// What fails, such as `database`. Stable.
    pub check: &'static str,
    /// Why, as a stable code such as `connection_refused`.
    pub reason: &'static str,
    /// Why, for readers. Anyone may read it: it names no host, no user and no file.
    pub detail: String,
    /// Why, for the log.
    pub cause: Option<Cause>,
}

impl Failing {
    /// What fails and why.
    pub fn new(check: &'static str, reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            check,
            reason,
            detail: detail.into(),
            cause: None,
        }
    }

    /// With the cause, for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Cause>) -> Self {
        self.cause = Some(cause.into());
        self
    }
}

/// A look at one thing that a process needs. Readiness asks all of them at once, gives
/// each a bounded time, and keeps what each found for a while.
#[async_trait]
pub trait Probe: Send + Sync {
    /// What it looks at, such as `files`. Stable, and different from those of others.
    fn check(&self) -> &'static str;

    /// Whether a process without it must not be sent requests. Otherwise readiness only
    /// tells of it: a mail server that is away must not take the whole service down.
    fn is_required(&self) -> bool {
        true
    }

    /// How long a finding holds.
    fn holds_for(&self) -> Duration {
        Duration::from_secs(5)
    }

    /// Looks.
    ///
    /// # Errors
    /// What fails, under the name that [`Probe::check`] gives.
    async fn look(&self) -> Result<(), Failing>;
}
