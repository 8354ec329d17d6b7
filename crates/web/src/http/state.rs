//! What requests are answered with, and how they are recognized.

use std::sync::Arc;

use accunode_application::Application;
use accunode_ports::{limits::RateLimiter, system::IdSource};

use super::{
    address::TrustedProxies, cors::AllowedOrigins, lifecycle::Lifecycle, readiness::Readiness,
    streams::Streams, work::WorkLimits,
};

/// What the API stands on; the same for every worker thread.
#[derive(Clone)]
pub struct WebState {
    /// The use cases.
    pub application: Application,
    /// Rate limits.
    pub limiter: Arc<dyn RateLimiter>,
    /// The event streams that are open.
    pub streams: Streams,
    /// How much expensive work of one tenant this process takes on at once.
    pub work: WorkLimits,
    /// The proxies that may say from where a request came.
    pub proxies: TrustedProxies,
    /// The origins whose pages may call the API.
    pub origins: AllowedOrigins,
    /// What was last found when a user asked whether requests can be served.
    pub readiness: Readiness,
    /// Whether the process is about to end.
    pub lifecycle: Lifecycle,
}

impl WebState {
    /// Whether users reach the service by https, as its operator says.
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

/// Where the ids of requests come from, in the application's data.
#[derive(Clone)]
pub(crate) struct RequestIds(pub(crate) Arc<dyn IdSource>);

/// The pages that users see, and what each may load, in the application's data.
#[derive(Debug)]
pub(crate) struct Pages(pub(crate) Vec<(&'static str, &'static str)>);

impl Pages {
    /// The content security policy of a page: of its path, or of the folder that it stands in.
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
