//! Pages of other origins that the operator allows: their scripts may call the API with a token in
//! `Authorization`, and read its answers. This never includes cookies: no answer allows
//! credentials, and a session's cookies are accepted from the service's own pages only (see
//! [`super::browser`]).

use std::str::FromStr;

use actix_web::{
    dev::ServiceRequest,
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
};
use url::Url;

/// The headers that a script may send, in addition to those that every page may send.
const REQUEST_HEADERS: &str = "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, \
                               If-None-Match, Last-Event-ID, X-Request-Id";
/// The headers of an answer that a script may read, in addition to those that every page may read.
const RESPONSE_HEADERS: &str = "Allow, Content-Disposition, ETag, Idempotency-Replayed, Link, \
                                Location, RateLimit, RateLimit-Policy, Retry-After, \
                                WWW-Authenticate, X-Request-Id, X-Rows-Not-Kept";
/// How long a browser caches a preflight, in seconds.
const PREFLIGHT_SECONDS: &str = "600";

/// An origin whose pages may call the API: scheme, host and port, in the form that browsers send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rule = || {
            format!(
                "{text:?} is no origin such as https://app.example.com or http://localhost:3000"
            )
        };
        let url = Url::parse(text).map_err(|_| rule())?;
        let is_web = matches!(url.scheme(), "http" | "https");
        let is_bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !is_web || !is_bare || text.contains('*') {
            return Err(rule());
        }
        let origin = url.origin().ascii_serialization();
        HeaderValue::from_str(&origin).map(Self).map_err(|_| rule())
    }
}

/// The origins whose pages may call the API; none by default.
#[derive(Clone, Debug, Default)]
pub struct AllowedOrigins(pub Vec<Origin>);

/// The CORS headers of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Cors {
    /// No headers: no origin is allowed.
    Off,
    /// Only `Vary`: this origin is not allowed, or the request has none.
    Refused,
    /// A page of this origin may read the answer.
    Allowed {
        origin: HeaderValue,
        /// Whether the browser first asks what it may send.
        is_preflight: bool,
    },
}

impl Cors {
    /// Determines the headers for the page that sent the request.
    pub(crate) fn of(request: &ServiceRequest, allowed: &AllowedOrigins) -> Self {
        if allowed.0.is_empty() {
            return Self::Off;
        }
        let headers = request.headers();
        let origin = headers.get(header::ORIGIN);
        let known = origin.and_then(|origin| allowed.0.iter().find(|known| known.0 == origin));
        known.map_or(Self::Refused, |known| Self::Allowed {
            origin: known.0.clone(),
            is_preflight: *request.method() == Method::OPTIONS
                && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD),
        })
    }

    /// Adds the headers. A preflight gets the methods that `Allow` names.
    pub(crate) fn add_headers(&self, headers: &mut HeaderMap) {
        if matches!(self, Self::Off) {
            return;
        }
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        let Self::Allowed {
            origin,
            is_preflight,
        } = self
        else {
            return;
        };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if !is_preflight {
            let readable = HeaderValue::from_static(RESPONSE_HEADERS);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, readable);
        } else if let Some(methods) = headers.get(header::ALLOW).cloned() {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
            for (name, value) in [
                (header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
                (header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS),
            ] {
                headers.insert(name, HeaderValue::from_static(value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_is_normalized_as_browsers_write_it() {
        for (text, origin) in [
            ("https://app.example.com", "https://app.example.com"),
            ("https://App.Example.com:443/", "https://app.example.com"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().0, origin);
        }
    }

    #[test]
    fn text_that_is_not_exactly_an_origin_is_refused() {
        for text in [
            "*",
            "https://*.example.com",
            "app.example.com",
            "https://app.example.com/page",
            "https://app.example.com?q=1",
            "https://user@app.example.com",
            "file:///etc/passwd",
            "null",
            "",
        ] {
            let refused = text.parse::<Origin>().unwrap_err();
            assert!(refused.contains("https://app.example.com"), "{refused}");
        }
    }
}
