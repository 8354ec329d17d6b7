//! AccuNode's REST API: from HTTP to use cases and back, and nothing in between.
//!
//! Depends on the use cases, the domain and the ports' types; never on what serves
//! the ports. Where to start: [`app`] mounts everything; [`envelope`] is what every
//! answer goes through; [`call`] is who asks; [`problem`] is what goes wrong. [`mod@lobby`]
//! answers while the process cannot serve yet.
//!
//! To add an endpoint: its DTOs in `v1/<resource>/dto.rs`, its handler in
//! `v1/<resource>/<verb>.rs` (extract, call the use case, answer), its route in
//! `v1/mod.rs`, its line in `openapi.rs`; then `ACCUNODE_UPDATE=1` writes
//! `docs/openapi.json` anew.

mod address;
mod body;
mod call;
mod denials;
mod docs;
mod envelope;
mod etag;
mod export;
mod health;
mod home;
mod lifecycle;
mod lobby;
mod names;
mod negotiate;
mod once;
mod openapi;
mod operations;
mod page;
mod pages;
mod panicked;
mod params;
mod patience;
mod policy;
mod problem;
mod readiness;
mod streams;
mod v1;
mod work;

use std::sync::Arc;

use accunode_application::Application;
use accunode_ports::limits::RateLimiter;
use actix_web::{
    App, Error,
    body::BoxBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::{Compress, from_fn},
    web::{self, ServiceConfig},
};

use home::Home;

pub use address::{ForwardedHeader, Network, TrustedProxies};
pub use lifecycle::{Lifecycle, Phase};
pub use lobby::{Lobby, lobby};
pub use openapi::openapi;
pub use readiness::{Readiness, Startup};
pub use streams::{StreamLimits, Streams};
pub use work::{AtOnce, WorkLimits};

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
    /// What was last found when somebody asked whether requests can be served.
    pub readiness: Readiness,
    /// Whether the process is about to end.
    pub lifecycle: Lifecycle,
}

impl WebState {
    /// Whether people reach the service by https, as its operator says.
    fn is_behind_tls(&self) -> bool {
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

/// Mounts every route. [`app`] does so and adds what every answer goes through.
pub fn configure(state: &WebState) -> impl Fn(&mut ServiceConfig) + Clone + 'static {
    let state = web::Data::new(state.clone());
    move |config| {
        config
            .app_data(state.clone())
            .app_data(web::Data::new(state.lifecycle.clone()))
            .app_data(web::Data::new(Home(
                state.application.ports().tasks.home().clone(),
            )))
            .configure(health::routes)
            .configure(docs::routes)
            .configure(pages::routes)
            .service(web::scope(v1::BASE).configure(v1::routes));
    }
}

/// The whole application, as the server runs it and a test asks it.
pub fn app(
    state: &WebState,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    App::new()
        .configure(configure(state))
        .wrap(Compress::default())
        // So that what `Compress` refuses is a problem document, too.
        .wrap(from_fn(envelope::envelope))
        // Outermost, so that everything that a request opens belongs to the process.
        .wrap(from_fn(home::at_home))
}
