//! How the service reaches its database.

use crate::config::SecretUrl;

/// The URLs with which the service serves, found by [`super::Database::route`].
#[derive(Clone, Debug)]
pub struct Route {
    pub(super) url: SecretUrl,
    /// Past the pooler, if `url` leads to one.
    pub(super) past_pooler: Option<SecretUrl>,
}

impl Route {
    /// Returns the URL for requests and jobs.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.expose()
    }

    /// Returns the URL for what needs a session of its own: locks of a process, and `LISTEN`.
    #[must_use]
    pub fn direct_url(&self) -> &str {
        self.past_pooler.as_ref().unwrap_or(&self.url).expose()
    }

    /// Returns whether sessions are shared, by a pooler on the way.
    #[must_use]
    pub const fn is_pooled(&self) -> bool {
        self.past_pooler.is_some()
    }
}

/// The URL of the read replica.
#[derive(Clone, Debug)]
pub(crate) struct ReplicaRoute {
    pub(crate) url: SecretUrl,
    /// Whether a pooler on the way shares sessions.
    pub(crate) is_pooled: bool,
}
