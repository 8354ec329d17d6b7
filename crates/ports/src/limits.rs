//! Rate limits.

use std::net::IpAddr;

use async_trait::async_trait;

use crate::PortError;

/// The budget that a request consumes from.
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
    /// All classes.
    pub const ALL: [Self; 6] = [
        Self::Auth,
        Self::Read,
        Self::Write,
        Self::Score,
        Self::Upload,
        Self::Admin,
    ];

    /// Returns the name in headers and settings.
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

/// The state of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Whether the request is allowed.
    pub allowed: bool,
    /// The limit: requests per window.
    pub limit: u32,
    /// The window, in seconds.
    pub window_seconds: u32,
    /// The remaining requests.
    pub remaining: u32,
    /// Seconds until another request is available (or until the budget is full).
    pub reset_seconds: u32,
}

/// A number of requests in a number of seconds; they may be sent at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Requests per window; 0 for no limit.
    pub requests: u32,
    /// The window, in seconds.
    pub window_seconds: u32,
}

impl Quota {
    /// Returns a quota per minute.
    #[must_use]
    pub const fn per_minute(requests: u32) -> Self {
        Self {
            requests,
            window_seconds: 60,
        }
    }

    /// Returns a quota per day.
    #[must_use]
    pub const fn per_day(requests: u32) -> Self {
        Self {
            requests,
            window_seconds: 24 * 60 * 60,
        }
    }
}

/// The quota of each class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the classes")]
pub struct LimitSettings {
    pub auth: Quota,
    pub read: Quota,
    pub write: Quota,
    pub score: Quota,
    pub upload: Quota,
    pub admin: Quota,
}

impl LimitSettings {
    /// Returns the quota of a class.
    #[must_use]
    pub const fn of(&self, class: LimitClass) -> Quota {
        match class {
            LimitClass::Auth => self.auth,
            LimitClass::Read => self.read,
            LimitClass::Write => self.write,
            LimitClass::Score => self.score,
            LimitClass::Upload => self.upload,
            LimitClass::Admin => self.admin,
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            auth: Quota::per_minute(10),
            read: Quota::per_minute(600),
            write: Quota::per_minute(120),
            score: Quota::per_minute(120),
            upload: Quota::per_minute(30),
            admin: Quota::per_minute(60),
        }
    }
}

impl Budget {
    /// Returns a budget with `limit: 0` that allows everything.
    #[must_use]
    pub const fn unlimited(quota: Quota) -> Self {
        Self {
            allowed: true,
            limit: 0,
            window_seconds: if quota.window_seconds == 0 {
                1
            } else {
                quota.window_seconds
            },
            remaining: u32::MAX,
            reset_seconds: 0,
        }
    }
}

/// Rate limits, per principal: a user's id, or an address if the caller is not signed in.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Consumes one request.
    async fn consume(&self, class: LimitClass, principal: &str) -> Result<Budget, PortError>;
    /// Consumes one request from a separate budget with its own name and quota. Every
    /// process must use the same quota for a name.
    async fn consume_from(
        &self,
        name: &str,
        quota: Quota,
        principal: &str,
    ) -> Result<Budget, PortError>;
}

/// Returns the name under which requests of an address are counted: a subscriber has a
/// whole /64 of IPv6.
#[must_use]
pub fn principal(address: Option<IpAddr>) -> String {
    match address {
        Some(IpAddr::V6(v6)) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Some(v4) => v4.to_string(),
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_addresses_of_one_subscriber_share_a_limit() {
        assert_eq!(
            principal("2001:db8::1".parse().ok()),
            principal("2001:db8::ffff:2".parse().ok())
        );
    }
}
