//! Sessions of browsers. A page never sees a token: it sends the header [`CLIENT`], and login,
//! refresh and step-up put the tokens into cookies that scripts cannot read. Requests with such a
//! cookie are accepted only from AccuNode's own pages.
//!
//! Three measures, each of them sufficient alone, protect against requests that another site makes:
//! with `SameSite=Strict` the browser does not send the cookie for other sites; `Sec-Fetch-Site`
//! and `Origin` must show that the page is one of the service; and a change needs a header that no
//! form can set, and that a script of another origin may set only after a preflight, which never
//! allows it (see [`super::cors`]).

use accunode_application::auth::SignedIn;
use accunode_domain::{
    api_key::looks_like_key,
    session::{ACCESS_TOKEN_SECONDS, REFRESH_TOKEN_SECONDS},
};
use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
};
use url::Url;

use super::{call::header_fault, problem::Problem, state::WebState};

/// The header by which a page identifies itself: `browser`.
pub(crate) const CLIENT: HeaderName = HeaderName::from_static("x-accunode-client");
const BROWSER: &str = "browser";
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

const ACCESS: &str = "accunode-access";
const REFRESH: &str = "accunode-refresh";
/// Longer values are not tokens.
const LONGEST_TOKEN: usize = 512;

/// Whether the request comes from a page that wants its tokens in cookies.
///
/// # Errors
/// 422 for another value of the header; 403 `cross_site_request` if the page belongs to another
/// site.
pub(crate) fn asks(request: &HttpRequest, state: &WebState) -> Result<bool, Problem> {
    match request.headers().get(CLIENT) {
        None => Ok(false),
        Some(value) if value == BROWSER => {
            require_same_origin(request, state)?;
            Ok(true)
        }
        Some(_) => Err(header_fault(
            "X-AccuNode-Client",
            "unknown_value",
            "must be `browser`; programs leave this header away",
        )),
    }
}

/// Returns the access token of a browser's session, if the request has its cookie.
///
/// # Errors
/// 403 `cross_site_request` if a page of another site may have sent it.
pub(crate) fn access_token<'r>(
    request: &'r HttpRequest,
    state: &WebState,
) -> Result<Option<&'r str>, Problem> {
    let Some(token) = cookie(request, state, ACCESS) else {
        return Ok(None);
    };
    require_same_origin(request, state)?;
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if changes && !asks(request, state)? {
        return Err(cross_site(
            "a change by the session of a browser needs the header `X-AccuNode-Client: browser`",
        ));
    }
    // Keys are for programs, which have no cookies.
    Ok(Some(token).filter(|token| !looks_like_key(token)))
}

/// Returns the refresh token of a browser's session. [`asks`] has checked that a page sent the
/// request.
pub(crate) fn refresh_token<'r>(request: &'r HttpRequest, state: &WebState) -> Option<&'r str> {
    cookie(request, state, REFRESH)
}

/// Puts a session's tokens into the cookies of an answer.
pub(crate) fn keep(response: &mut HttpResponseBuilder, state: &WebState, signed_in: &SignedIn) {
    let tokens = &signed_in.tokens;
    for (name, token, seconds) in [
        (ACCESS, &tokens.access, ACCESS_TOKEN_SECONDS),
        (REFRESH, &tokens.refresh, REFRESH_TOKEN_SECONDS),
    ] {
        let cookie = set_cookie(state, name, token, seconds);
        response.append_header((header::SET_COOKIE, cookie));
    }
}

/// Removes the cookies of a session, if the request had any.
pub(crate) fn forget(response: &mut HttpResponse, request: &HttpRequest, state: &WebState) {
    for name in [ACCESS, REFRESH] {
        if cookie(request, state, name).is_some() {
            let cookie = set_cookie(state, name, "", 0);
            if let Ok(cookie) = HeaderValue::from_str(&cookie) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
        }
    }
}

fn set_cookie(state: &WebState, name: &str, value: &str, seconds: i64) -> String {
    let secure = if state.is_behind_tls() {
        "; Secure"
    } else {
        ""
    };
    let name = full_name(state, name);
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

/// With `__Host-` a browser accepts the cookie only over https and from this host, so no
/// neighbouring host and no eavesdropper can replace it.
fn full_name(state: &WebState, name: &str) -> String {
    let prefix = if state.is_behind_tls() { "__Host-" } else { "" };
    format!("{prefix}{name}")
}

fn cookie<'r>(request: &'r HttpRequest, state: &WebState, name: &str) -> Option<&'r str> {
    let name = full_name(state, name);
    let headers = request.headers().get_all(header::COOKIE);
    let mut values = headers
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(known, _)| *known == name)
        .map(|(_, value)| value);
    let first = values.next()?;
    // If two values differ, one was planted, and it is unknown which.
    let is_certain = values.all(|value| value == first);
    (is_certain && (1..=LONGEST_TOKEN).contains(&first.len())).then_some(first)
}

fn require_same_origin(request: &HttpRequest, state: &WebState) -> Result<(), Problem> {
    let public = &state.application.ports().settings.public_url;
    if is_same_origin(request.method(), request.headers(), public) {
        Ok(())
    } else {
        Err(cross_site(
            "the session of a browser is taken from AccuNode's own pages only; \
             programs send `Authorization: Bearer`",
        ))
    }
}

/// Evaluates what the browser says about the page. Scripts cannot set `Sec-Fetch-Site`, which is
/// missing over plain http; every change has an `Origin`. A read with neither is accepted, since
/// pages of other origins cannot read its answer.
fn is_same_origin(method: &Method, headers: &HeaderMap, public_url: &str) -> bool {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let origin = headers.get(header::ORIGIN).map(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        is_own(origin, headers, public_url)
    });
    let site = headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes);
    match (site, origin) {
        (_, Some(false)) => false,
        (Some(b"same-origin"), _) => true,
        // The address was typed, or opened from a bookmark.
        (Some(b"none"), _) => reads,
        (Some(_), _) => false,
        (None, Some(true)) => true,
        (None, None) => reads,
    }
}

/// Whether an origin is the one by which users access the service.
fn is_own(origin: &str, headers: &HeaderMap, public_url: &str) -> bool {
    let public = Url::parse(public_url).map(|url| url.origin().ascii_serialization());
    if public.is_ok_and(|public| public == origin) {
        return true;
    }
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    matches!((authority, host), (Some(authority), Some(host)) if authority.eq_ignore_ascii_case(host))
}

fn cross_site(detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "cross_site_request", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "https://risk.example.com/accunode";

    #[track_caller]
    fn is_accepted(method: Method, headers: &[(&str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
            map.insert(name, HeaderValue::from_str(value).expect("a value"));
        }
        is_same_origin(&method, &map, PUBLIC)
    }

    #[test]
    fn sec_fetch_site_decides_when_it_is_sent() {
        for (site, reads, changes) in [
            ("same-origin", true, true),
            ("none", true, false),
            ("same-site", false, false),
            ("cross-site", false, false),
            ("anything", false, false),
        ] {
            assert_eq!(is_accepted(Method::GET, &[("sec-fetch-site", site)]), reads);
            assert_eq!(
                is_accepted(Method::POST, &[("sec-fetch-site", site)]),
                changes
            );
        }
    }

    #[test]
    fn origin_must_be_the_public_address_or_the_requested_host() {
        let own = [("origin", "https://risk.example.com")];
        assert!(is_accepted(Method::POST, &own));
        let host = [
            ("origin", "http://10.0.0.7:8080"),
            ("host", "10.0.0.7:8080"),
        ];
        assert!(is_accepted(Method::POST, &host));
        for origin in [
            "https://evil.example.com",
            "http://risk.example.com",
            "https://risk.example.com.evil.example",
            "null",
            "",
        ] {
            assert!(
                !is_accepted(Method::POST, &[("origin", origin)]),
                "{origin}"
            );
            let both = [("origin", origin), ("sec-fetch-site", "same-origin")];
            assert!(!is_accepted(Method::POST, &both), "{origin}");
        }
    }

    #[test]
    fn change_without_origin_headers_is_refused() {
        assert!(!is_accepted(Method::DELETE, &[]));
        assert!(is_accepted(Method::GET, &[]));
    }
}
