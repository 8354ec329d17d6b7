//! AccuNode's REST API: translates between HTTP and use cases.
//!
//! The crate depends on the use cases, the domain and the ports' types, but never on
//! implementations of the ports. It has three layers, and no import points upwards:
//!
//! 1. [`http`]: functions for all resources. [`http::call`] authenticates the caller,
//!    [`http::problem`] describes errors, [`http::route`] defines operations, [`http::response_middleware`] is
//!    the middleware of every answer.
//! 2. [`v1`], [`health`] and [`html`]: the resources, with a folder each and a file for each verb.
//! 3. This file, [`mod@openapi`], [`docs`], [`errors`] and [`mod@lobby`]: the application and its
//!    document.
//!
//! `docs/adding-an-endpoint.md` explains how to add an operation.

mod docs;
mod errors;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod health;
mod html;
mod http;
mod lobby;
mod openapi;
mod v1;

use actix_web::{
    App, Error,
    body::BoxBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::{Compress, from_fn},
    web::{self, ServiceConfig},
};

use http::{
    request_runtime,
    request_runtime::RequestRuntime,
    response_middleware,
    route::Route,
    state::{Pages, RequestIds},
};

pub use http::{
    address::{ForwardedHeader, Network, TrustedProxies},
    cors::{AllowedOrigins, Origin},
    lifecycle::{Lifecycle, Phase},
    readiness::{Readiness, Startup},
    state::WebState,
    streams::{StreamLimits, Streams},
    work::{ConcurrencyLimits, WorkFigures, WorkLimits},
};
pub use lobby::{Lobby, lobby};
pub use openapi::openapi;

/// Every operation, with the prefix of its path.
fn routes() -> Vec<(&'static str, Vec<Route>)> {
    vec![
        ("", health::routes()),
        ("", docs::routes()),
        (v1::BASE, v1::routes()),
    ]
}

/// Mounts every route. [`app`] also adds the middleware.
pub fn configure(state: &WebState) -> impl Fn(&mut ServiceConfig) + Clone + 'static {
    let state = web::Data::new(state.clone());
    move |config| {
        let ports = state.application.ports();
        config
            .app_data(state.clone())
            .app_data(web::Data::new(state.lifecycle.clone()))
            .app_data(web::Data::new(RequestIds(ports.ids.clone())))
            .app_data(web::Data::new(RequestRuntime(
                ports.tasks.runtime().clone(),
            )))
            .app_data(web::Data::new(Pages(
                docs::places().chain(html::places()).collect(),
            )))
            // Before the page of the document, which matches all paths below its own.
            .configure(errors::page)
            .configure(docs::page)
            .configure(html::pages);
        for (base, routes) in routes() {
            if base.is_empty() {
                http::route::mount(base, routes, config);
            } else {
                config.service(
                    web::scope(base).configure(|scope| http::route::mount(base, routes, scope)),
                );
            }
        }
    }
}

/// The whole application, as the server and the tests run it.
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
        // So that rejections by `Compress` are problem documents, too.
        .wrap(from_fn(response_middleware::response_middleware))
        // Outermost, so that everything that a request opens belongs to the process.
        .wrap(from_fn(request_runtime::bind_to_runtime))
}
