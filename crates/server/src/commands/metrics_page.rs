//! The page that Prometheus reads, at a separate address: clients of the API cannot reach it,
//! and no middleware, session or budget of the API applies to it.

use std::{net::TcpListener, sync::Arc};

use accunode_tasks::Tasks;
use actix_web::{
    App, Error, HttpResponse,
    body::BoxBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    http::header,
    web::{self, Data},
};

use super::front::Front;
use crate::{scrape::Scrape, service::Service};

/// The path of the metrics.
const PATH: &str = "/metrics";

/// The media type for Prometheus.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Starts answering on the socket.
///
/// # Errors
/// If the system has no more threads or files.
pub(super) fn open(
    listener: &TcpListener,
    service: &Service,
    fronts: &Tasks,
) -> anyhow::Result<Front> {
    let page = Data::new(Page {
        scrape: Arc::new(Scrape::new(service.metrics.clone(), service.web.clone())),
        tasks: service.tasks.clone(),
    });
    let front = Front::open(listener, 1, fronts, move || app(page.clone()))?;
    let address = listener.local_addr()?;
    tracing::info!("figures for Prometheus are at http://{address}{PATH}");
    Ok(front)
}

struct Page {
    scrape: Arc<Scrape>,
    tasks: Tasks,
}

fn app(
    page: Data<Page>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(page)
        .route(PATH, web::get().to(figures))
}

async fn figures(page: Data<Page>) -> HttpResponse {
    let scrape = page.scrape.clone();
    // Runs on the process's runtime, to which connections to the database belong.
    let text = page.tasks.background(async move { scrape.text().await });
    match text.await {
        Ok(Ok(text)) => HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, FORMAT))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(text),
        failed => {
            tracing::error!(?failed, "the figures could not be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}
