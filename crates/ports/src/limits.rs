//! Rate limits.

use async_trait::async_trait;

use crate::PortError;

/// Which budget a request draws on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum LimitClass {
    Auth,
    Read,
    Write,
    Score,
    Upload,
    Admin,
}

impl LimitClass {
    /// Every class.
    pub const ALL: [Self; 6] = [
        Self::Auth,
        Self::Read,
        Self::Write,
        Self::Score,
        Self::Upload,
        Self::Admin,
    ];

    /// The name in headers and settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Read => "read",
            Self::Write => "write",
            Self::Score => "score",
            Self::Upload => "upload",
            Self::Admin => "admin",
        }
    }
}

/// What is left of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Whether the request may go on.
    pub allowed: bool,
    /// Requests per window.
    pub limit: u32,
    /// The window, in seconds.
    pub window_seconds: u32,
    /// Requests left.
    pub remaining: u32,
    /// Seconds until there is one again (or until the budget is full).
    pub reset_seconds: u32,
}

/// Rate limits, per principal: a user's id, or an address where nobody is signed in.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Draws one request.
    async fn draw(&self, class: LimitClass, principal: &str) -> Result<Budget, PortError>;
}
