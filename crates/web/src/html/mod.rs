//! The console: one page that the modules of `accunode_console` fill, at `/` and at the
//! paths of links in mails. The current view is in the address behind `#`; so is the token
//! of a mail, which no server and no log sees.

use accunode_console::{Asset, VERSION, asset};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Bytes, Path, ServiceConfig, get, resource},
};

use crate::http::problem::{Answer, Problem};

/// The paths of the page; `accunode_application` writes links to the last four.
const PATHS: [&str; 5] = [
    "/",
    "/verify-email",
    "/reset-password",
    "/accept-invitation",
    "/join",
];
/// The path prefix of its files, in a folder with their version.
const FILES: &str = "/console/";
/// Nothing from other hosts, nothing inline, and no evaluated text.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; object-src 'none'; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/// A year: the content at an address with a version never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Cached, and revalidated each time.
const ASKED_ABOUT: &str = "no-cache";

/// Returns the paths of the pages, with their content security policies.
pub(crate) fn places() -> impl Iterator<Item = (&'static str, &'static str)> {
    let places = PATHS.into_iter().chain([FILES]);
    places.map(|place| (place, CONTENT_SECURITY_POLICY))
}

/// Registers the pages.
pub(crate) fn pages(config: &mut ServiceConfig) {
    for path in PATHS {
        config.service(resource(path).route(get().to(page)));
    }
    let file = format!("{FILES}{{version}}/{{path:.*}}");
    config.service(resource(file).route(get().to(file_of_console)));
}

async fn page(request: HttpRequest) -> Answer {
    let page = accunode_console::page().ok_or_else(missing)?;
    let tag = format!("\"{}\"", *VERSION);
    Ok(answer(
        &request,
        tag,
        ASKED_ABOUT,
        "text/html; charset=utf-8",
        page.into(),
    ))
}

async fn file_of_console(request: HttpRequest, path: Path<(String, String)>) -> Answer {
    let (version, path) = path.into_inner();
    let Asset {
        bytes,
        content_type,
        sha256,
    } = asset(&path).ok_or_else(missing)?;
    // A page that was loaded before an update requests files of its own version.
    let cached = if version == *VERSION {
        FOR_EVER
    } else {
        ASKED_ABOUT
    };
    let tag = format!("\"{sha256}\"");
    let bytes = Bytes::from(bytes.into_owned());
    Ok(answer(&request, tag, cached, content_type, bytes))
}

fn answer(
    request: &HttpRequest,
    tag: String,
    cached: &'static str,
    content_type: &'static str,
    bytes: Bytes,
) -> HttpResponse {
    let known = request.headers().get(header::IF_NONE_MATCH);
    // `Compress` weakens the tag of a compressed response.
    let is_known = known
        .and_then(|value| value.to_str().ok())
        .is_some_and(|known| {
            known
                .split(',')
                .any(|one| one.trim().trim_start_matches("W/") == tag)
        });
    let mut response = HttpResponse::build(if is_known {
        StatusCode::NOT_MODIFIED
    } else {
        StatusCode::OK
    });
    response
        .insert_header((header::ETAG, tag))
        .insert_header((header::CACHE_CONTROL, cached));
    if is_known {
        return response.finish();
    }
    response.content_type(content_type).body(bytes)
}

fn missing() -> Problem {
    Problem::of_status(StatusCode::NOT_FOUND)
}
