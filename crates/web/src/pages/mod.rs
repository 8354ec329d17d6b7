//! The pages that links in mails lead to: confirming an address, choosing a new password,
//! accepting an invitation, joining an organization. One plain page that asks the API; what
//! it is about follows from its address, and the token from what stands behind `#`, which
//! no server and no log sees.

use actix_web::{
    HttpResponse,
    http::header,
    web::{ServiceConfig, get, resource},
};

use crate::problem::Answer;

/// Where they stand; `accunode_application` writes links to them.
pub(crate) const PATHS: [&str; 4] = [
    "/verify-email",
    "/reset-password",
    "/accept-invitation",
    "/join",
];
/// Below which their script and style stand.
const FILES: &str = "/pages/";
/// Nothing from elsewhere, and nothing inline.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
     form-action 'none'";

/// Whether a path is one of theirs.
pub(crate) fn is_page(path: &str) -> bool {
    PATHS.contains(&path) || path.starts_with(FILES)
}

pub(crate) fn routes(config: &mut ServiceConfig) {
    for path in PATHS {
        config.service(resource(path).route(get().to(page)));
    }
    config
        .service(resource("/pages/page.js").route(get().to(script)))
        .service(resource("/pages/page.css").route(get().to(style)));
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
