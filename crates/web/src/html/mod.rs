//! The pages that links in mails lead to: confirming an address, choosing a new password,
//! accepting an invitation, joining an organization. One plain page that asks the API; what
//! it is about follows from its address, and the token from what stands behind `#`, which
//! no server and no log sees.

use actix_web::{
    HttpResponse,
    http::header,
    web::{ServiceConfig, get, resource, scope},
};

use crate::http::problem::Answer;

/// Where they stand; `accunode_application` writes links to them.
const PATHS: [&str; 4] = [
    "/verify-email",
    "/reset-password",
    "/accept-invitation",
    "/join",
];
/// Below which their script and style stand.
const FILES: &str = "/pages/";
/// Nothing from elsewhere, and nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
     form-action 'none'";

/// Where the pages stand, and what they may load.
pub(crate) fn places() -> impl Iterator<Item = (&'static str, &'static str)> {
    let places = PATHS.into_iter().chain([FILES]);
    places.map(|place| (place, CONTENT_SECURITY_POLICY))
}

/// Mounts them.
pub(crate) fn pages(config: &mut ServiceConfig) {
    for path in PATHS {
        config.service(resource(path).route(get().to(page)));
    }
    let files = scope(FILES.trim_end_matches('/'))
        .route("/page.js", get().to(script))
        .route("/page.css", get().to(style));
    config.service(files);
}

async fn page() -> Answer {
    Ok(file("text/html; charset=utf-8", include_str!("page.html")))
}

async fn script() -> Answer {
    let text = include_str!("page.js");
    Ok(file("text/javascript; charset=utf-8", text))
}

async fn style() -> Answer {
    Ok(file("text/css; charset=utf-8", include_str!("page.css")))
}

fn file(content_type: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(text)
}
