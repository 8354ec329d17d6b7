//! The OpenAPI document, and a page that shows it. Nothing of it is loaded from other
//! hosts.

use std::sync::LazyLock;

use accunode_ports::limits::LimitClass;
use actix_web::{
    HttpResponse,
    http::header,
    web::{ServiceConfig, get, redirect, resource},
};
use bytes::Bytes;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    http::{
        call::Anonymous,
        policy::Policy,
        problem::Answer,
        route::{Route, route},
    },
    openapi::openapi,
};

const PAGE: &str = "/docs";
/// The path prefix of its files.
const FILES: &str = "/docs/";
/// The page has inline styles; scripts are its own files only.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; \
     connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The script that Swagger UI's page starts with.
const STARTER: &str = "/docs/swagger-initializer.js";

const DOCUMENT: &str = "/openapi.json";

pub(crate) fn routes() -> Vec<Route> {
    let policy = Policy::public("it is the documentation").limit(LimitClass::Read);
    vec![route!(document, policy).hidden()]
}

/// Returns the paths of the page, with their content security policies.
pub(crate) fn places() -> impl Iterator<Item = (&'static str, &'static str)> {
    [PAGE, FILES]
        .into_iter()
        .map(|place| (place, CONTENT_SECURITY_POLICY))
}

/// Registers the page.
pub(crate) fn page(config: &mut ServiceConfig) {
    let page = SwaggerUi::new(format!("{FILES}{{_:.*}}")).config(Config::from(DOCUMENT));
    config
        .service(redirect(PAGE, FILES))
        // Registered before the page's own file of the same name.
        .service(resource(STARTER).route(get().to(starter)))
        .service(page);
}

/// Starts the page so that its requests use the browser's session, if a user is signed in
/// at the console.
async fn starter() -> Answer {
    Ok(HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(include_str!("docs.js")))
}

/// The document itself
///
/// Large enough to be counted against the budget of the one who asks.
#[utoipa::path(get, path = DOCUMENT, tag = "Operations", operation_id = "get_openapi_document")]
async fn document(_: Anonymous) -> Answer {
    static TEXT: LazyLock<Bytes> =
        LazyLock::new(|| Bytes::from(openapi().to_json().unwrap_or_default()));
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(TEXT.clone()))
}
