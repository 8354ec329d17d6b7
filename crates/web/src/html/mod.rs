//! The console: one page that the modules of `accunode_console` fill, at `/` and at the
//! paths of links in mails. The current view is in the address behind `#`; so is the token
//! of a mail, which no server and no log sees.

use accunode_console::{VERSION, asset};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, AcceptEncoding, Encoding, Header as _},
    },
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
    let page = Sent {
        tag: VERSION.clone(),
        cached: ASKED_ABOUT,
        content_type: "text/html; charset=utf-8",
        bytes: page.into(),
        gzip: None,
    };
    Ok(page.answer(&request))
}

async fn file_of_console(request: HttpRequest, path: Path<(String, String)>) -> Answer {
    let (version, path) = path.into_inner();
    let asset = asset(&path).ok_or_else(missing)?;
    // A page that was loaded before an update requests files of its own version.
    let cached = if version == *VERSION {
        FOR_EVER
    } else {
        ASKED_ABOUT
    };
    let file = Sent {
        tag: asset.sha256,
        cached,
        content_type: asset.content_type,
        bytes: asset.bytes,
        gzip: asset.gzip,
    };
    Ok(file.answer(&request))
}

/// What is sent, unless the browser has it already.
struct Sent {
    tag: String,
    cached: &'static str,
    content_type: &'static str,
    bytes: Bytes,
    /// The same bytes compressed; without them the middleware `Compress` compresses.
    gzip: Option<Bytes>,
}

impl Sent {
    fn answer(self, request: &HttpRequest) -> HttpResponse {
        let gzip = self.gzip.filter(|_| accepts_gzip(request));
        // Weak, because the bytes that are sent differ with the compression.
        let tag = format!("W/\"{}\"", self.tag);
        let is_known = is_known(request, &tag);
        let mut response = HttpResponse::build(if is_known {
            StatusCode::NOT_MODIFIED
        } else {
            StatusCode::OK
        });
        response
            .insert_header((header::ETAG, tag))
            .insert_header((header::CACHE_CONTROL, self.cached))
            .insert_header((header::VARY, "accept-encoding"));
        if is_known {
            return response.finish();
        }
        response.content_type(self.content_type);
        match gzip {
            Some(gzip) => response
                .insert_header((header::CONTENT_ENCODING, "gzip"))
                .body(gzip),
            None => response.body(self.bytes),
        }
    }
}

/// Whether `If-None-Match` has this weak tag, or the strong one of the same characters.
fn is_known(request: &HttpRequest, tag: &str) -> bool {
    let known = request.headers().get(header::IF_NONE_MATCH);
    let known = known.and_then(|value| value.to_str().ok());
    known.is_some_and(|known| {
        let mut known = known.split(',').map(str::trim);
        known.any(|one| one.trim_start_matches("W/") == tag.trim_start_matches("W/"))
    })
}

/// Whether gzip is the best of what the browser accepts.
fn accepts_gzip(request: &HttpRequest) -> bool {
    let Ok(accepted) = AcceptEncoding::parse(request) else {
        return false;
    };
    let offered = [Encoding::gzip(), Encoding::identity()];
    accepted.negotiate(offered.iter()) == Some(Encoding::gzip())
}

fn missing() -> Problem {
    Problem::of_status(StatusCode::NOT_FOUND)
}
