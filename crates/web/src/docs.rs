//! The OpenAPI document, and a page that shows it. Nothing of it comes from elsewhere.

use std::sync::LazyLock;

use actix_web::{
    HttpResponse,
    http::header,
    web::{ServiceConfig, get, redirect, resource},
};
use bytes::Bytes;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{call::Guest, openapi::openapi, problem::Answer};

/// Below which the page stands.
pub(crate) const PATH: &str = "/docs";
/// The page styles itself inline; scripts are its own files only.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; \
     connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const DOCUMENT: &str = "/openapi.json";

pub(crate) fn routes(config: &mut ServiceConfig) {
    let page = SwaggerUi::new("/docs/{_:.*}").config(
        Config::from(DOCUMENT)
            .validator_url("none")
            .persist_authorization(false),
    );
    config
        .service(resource(DOCUMENT).route(get().to(document)))
        .service(redirect(PATH, "/docs/"))
        .service(page);
}

/// Large enough to be counted against the budget of whoever asks.
async fn document(_: Guest) -> Answer {
    static TEXT: LazyLock<Bytes> =
        LazyLock::new(|| Bytes::from(openapi().to_json().unwrap_or_default()));
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(TEXT.clone()))
}
