//! The responses of a process before it can serve: it reports that it is alive, that it is not
//! ready and why, and answers all other requests with the advice to repeat them soon.

use std::sync::Arc;

use accunode_ports::system::IdSource;
use actix_web::{
    App, Error, Resource,
    body::BoxBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    middleware::from_fn,
    web::{self, Data, get, resource},
};

use crate::{
    health,
    http::{
        lifecycle::{Lifecycle, Phase},
        problem::{Answer, Problem},
        readiness::Startup,
        response_middleware,
        route::Endpoint,
        state::RequestIds,
    },
};

/// Seconds after which a request may be repeated.
const RETRY_AFTER: u32 = 5;

/// The parts of a process before it can serve.
#[derive(Clone)]
pub struct Lobby {
    /// What it waits for.
    pub startup: Startup,
    /// The source of request ids.
    pub ids: Arc<dyn IdSource>,
}

impl std::fmt::Debug for Lobby {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lobby")
            .field("startup", &self.startup)
            .finish_non_exhaustive()
    }
}

/// Returns the application of a process that does not serve yet.
pub fn lobby(
    state: &Lobby,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    // Every response is the last one of its connection, so that a repeated request reaches the
    // service.
    let lifecycle = Lifecycle::default();
    lifecycle.enter(Phase::Draining);
    App::new()
        .app_data(Data::new(state.clone()))
        .app_data(Data::new(lifecycle))
        .app_data(Data::new(RequestIds(state.ids.clone())))
        .service(read(health::LIVE).route(get().to(health::live)))
        .service(read(health::READY).route(get().to(ready)))
        .service(read(health::VERSION).route(get().to(health::version)))
        .default_service(web::to(not_yet))
        .wrap(from_fn(response_middleware::response_middleware))
}

fn read(path: &str) -> Resource {
    resource(path).app_data(Endpoint::of_reads(path))
}

async fn ready(state: Data<Lobby>) -> Answer {
    Err(health::not_ready(state.startup.findings()))
}

async fn not_yet(state: Data<Lobby>) -> Answer {
    let waits = state.startup.findings();
    let waits = waits
        .first()
        .map_or("it has just started", |one| one.detail.as_str());
    let problem = Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "starting",
        format!("the service does not serve yet: {waits}"),
    );
    Err(problem.with_header(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER)))
}
