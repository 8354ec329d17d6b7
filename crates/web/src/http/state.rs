//! The state with which requests are answered and authenticated.

use std::sync::Arc;

use accunode_application::Application;
use accunode_ports::{limits::RateLimiter, system::IdSource};

use super::{
    address::TrustedProxies, cors::AllowedOrigins, lifecycle::Lifecycle, readiness::Readiness,
    streams::Streams, work::WorkLimits,
};

/// The state of the API; the same for every worker thread.
#[derive(Clone)]
pub struct WebState {
    /// The use cases.
    pub application: Application,
    /// Rate limits.
    pub limiter: Arc<dyn RateLimiter>,
    /// The open event streams.
    pub streams: Streams,
    /// The limits of concurrent work of one tenant in this process.
    pub work: WorkLimits,
    /// The proxies whose forwarded addresses are trusted.
    pub proxies: TrustedProxies,
    /// The origins whose pages may call the API.
    pub origins: AllowedOrigins,
    /// The last result of the readiness checks.
    pub readiness: Readiness,
    /// Whether the process is about to end.
    pub lifecycle: Lifecycle,
}

impl WebState {
    /// Whether users access the service by https, according to its operator.
    pub(crate) fn is_behind_tls(&self) -> bool {
        let settings = &self.application.ports().settings;
        settings.public_url.starts_with("https://")
    }
}

impl std::fmt::Debug for WebState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebState")
            .field("application", &self.application)
            .field("proxies", &self.proxies)
            .finish_non_exhaustive()
    }
}

/// The source of request ids, in the application's data.
#[derive(Clone)]
pub(crate) struct RequestIds(pub(crate) Arc<dyn IdSource>);

/// The pages for users and their content security policies, in the application's data.
#[derive(Debug)]
pub(crate) struct Pages(pub(crate) Vec<(&'static str, &'static str)>);

impl Pages {
    /// The content security policy of a page, by its path or its folder.
    pub(crate) fn policy(&self, path: &str) -> Option<&'static str> {
        let is_at = |place: &str| {
            path == place || (place.len() > 1 && place.ends_with('/') && path.starts_with(place))
        };
        let mut pages = self.0.iter();
        pages
            .find(|(place, _)| is_at(place))
            .map(|(_, policy)| *policy)
    }
}
