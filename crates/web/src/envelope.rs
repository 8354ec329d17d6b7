//! What every answer goes through: a request id, a log line, security headers, the
//! state of the budget, and problems where the framework has only a status.

use std::{
    collections::BTreeMap, net::IpAddr, panic::AssertUnwindSafe, sync::LazyLock, time::Instant,
};

use accunode_ports::{
    limits::{Budget, LimitClass},
    workload::{Within, Workload},
};
use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        ConnectionType, Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use futures::FutureExt;
use tracing::Instrument;

use crate::{
    Lifecycle, Lobby, Phase, WebState, denials, docs, openapi, pages, panicked::Panicked,
    problem::Problem, work,
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// A year, also for the names below.
const HSTS: &str = "max-age=31536000; includeSubDomains";

/// The id of a request, in its extensions.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// What a request drew, in its extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drawn(pub(crate) LimitClass, pub(crate) Budget);

/// The middleware; outermost.
pub(crate) async fn envelope(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!(
        "request",
        request_id = %id,
        method = %request.method(),
        path = %request.path(),
        ip = client(&request).map(tracing::field::display),
        user = tracing::field::Empty, // whoever it turns out to be
    );
    // HEAD is GET without the body, which the server leaves away when it writes.
    if *request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    async move {
        let started = Instant::now();
        let place = Place::of(&request);
        let answer = async {
            // Who asks and what for is found out within, and told by `work::begin`.
            let handled = Within::new(Workload::default(), Box::pin(next.call(request)));
            let response = work::keep(handled.await?.map_into_boxed_body());
            denials::tell(&response).await;
            let mut response = as_problem(response, &id);
            let drawn = response.request().extensions().get::<Drawn>().copied();
            place.dress(response.headers_mut(), drawn, &id);
            part(&mut response);
            Ok::<_, Error>(response)
        };
        // Whatever panics, in a handler or on the way there, the client is answered and
        // the connection goes on. What was under way is dropped as if the client had gone.
        let answer = match AssertUnwindSafe(answer).catch_unwind().await {
            Ok(answer) => answer,
            Err(_) => Err(Panicked::answer(|headers| place.dress(headers, None, &id), &id).into()),
        };
        let status = match &answer {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        let millis = started.elapsed().as_millis();
        tracing::info!(status = status.as_u16(), millis, "answered");
        answer
    }
    .instrument(span)
    .await
}

/// What of a request decides about the headers of its answer. It is taken down at first: a
/// request cannot be held beside the handler that it is given to.
#[derive(Clone, Copy, Debug)]
struct Place {
    is_docs: bool,
    is_page: bool,
    over_tls: bool,
}

/// From where the request comes, as far as its proxies are believed.
fn client(request: &ServiceRequest) -> Option<IpAddr> {
    let state = request.app_data::<web::Data<WebState>>()?;
    let peer = request.peer_addr().map(|peer| peer.ip());
    state.proxies.client(peer, request.headers())
}

/// The caller's id where it is a sane token, else a new one.
fn request_id(request: &ServiceRequest) -> String {
    let given = request
        .headers()
        .get(X_REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_sane(id));
    if let Some(id) = given {
        return id.to_owned();
    }
    let ids = request
        .app_data::<web::Data<WebState>>()
        .map(|state| &state.application.ports().ids)
        .or_else(|| {
            request
                .app_data::<web::Data<Lobby>>()
                .map(|lobby| &lobby.ids)
        });
    ids.map_or_else(|| "unknown".to_owned(), |ids| ids.new_id().to_string())
}

fn is_sane(id: &str) -> bool {
    (1..=100).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// Every error is a problem document with the request's id, whoever made it.
fn as_problem(response: ServiceResponse<BoxBody>, id: &str) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let own = response
        .response()
        .error()
        .and_then(|error| error.as_error::<Problem>());
    let has_precondition = response.request().headers().contains_key(header::IF_MATCH);
    let rendered: HttpResponse = match own {
        // Who set no precondition is never told that one has failed.
        Some(_) if status == StatusCode::PRECONDITION_FAILED && !has_precondition => {
            Problem::changed_meanwhile().render(Some(id))
        }
        Some(problem) => {
            problem.log();
            problem.render(Some(id))
        }
        None => {
            if let Some(error) = response.response().error() {
                tracing::debug!(%error, "refused by the framework");
            }
            let mut problem = Problem::of_status(status);
            if status == StatusCode::METHOD_NOT_ALLOWED
                && let Some(allow) = response.request().match_pattern().and_then(|p| allowed(&p))
            {
                problem = problem.with_header(header::ALLOW, allow);
            }
            problem.render(Some(id))
        }
    };
    response.into_response(rendered)
}

/// The methods that a pattern knows, as the OpenAPI document has them.
fn allowed(pattern: &str) -> Option<HeaderValue> {
    static METHODS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
        openapi::methods()
            .into_iter()
            .map(|(path, methods)| (path, methods.join(", ")))
            .collect()
    });
    let methods = METHODS.get(&plain(pattern))?;
    HeaderValue::from_str(methods).ok()
}

/// A pattern without its regular expressions: `{kind:annual|quarterly}` is `{kind}`.
pub(crate) fn plain(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut skipping = false;
    for c in pattern.chars() {
        match c {
            ':' => skipping = true,
            '}' => skipping = false,
            _ => {}
        }
        if !skipping {
            text.push(c);
        }
    }
    text
}

/// Makes the answer the last one of its connection where the process is about to end, or
/// does not serve yet: who asks again then finds another process, or the service.
fn part(response: &mut ServiceResponse<BoxBody>) {
    let request = response.request();
    let lifecycle = request.app_data::<web::Data<Lifecycle>>();
    let ends = lifecycle.is_some_and(|lifecycle| lifecycle.phase() > Phase::Serving);
    if ends || request.app_data::<web::Data<Lobby>>().is_some() {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
}

impl Place {
    fn of(request: &ServiceRequest) -> Self {
        let path = request.path();
        Self {
            is_docs: path.starts_with(docs::PATH),
            is_page: pages::is_page(path),
            over_tls: request
                .app_data::<web::Data<WebState>>()
                .is_some_and(|state| state.is_behind_tls()),
        }
    }

    fn dress(self, headers: &mut HeaderMap, drawn: Option<Drawn>, id: &str) {
        let Self {
            is_docs,
            is_page,
            over_tls,
        } = self;
        // RFC 6797 wants it over TLS alone, and browsers ignore it elsewhere.
        if over_tls {
            set(headers, header::STRICT_TRANSPORT_SECURITY, HSTS);
        }
        set(headers, X_REQUEST_ID, id);
        set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(headers, header::X_FRAME_OPTIONS, "DENY");
        set(headers, header::REFERRER_POLICY, "no-referrer");
        let policy = if is_docs {
            docs::CONTENT_SECURITY_POLICY
        } else if is_page {
            pages::CONTENT_SECURITY_POLICY
        } else {
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        };
        set(headers, header::CONTENT_SECURITY_POLICY, policy);
        if !is_docs && !headers.contains_key(header::CACHE_CONTROL) {
            set(headers, header::CACHE_CONTROL, "no-store");
        }
        if let Some(Drawn(class, budget)) = drawn {
            let class = class.as_str();
            set(
                headers,
                RATE_LIMIT_POLICY,
                &format!("\"{class}\";q={};w={}", budget.limit, budget.window_seconds),
            );
            set(
                headers,
                RATE_LIMIT,
                &format!(
                    "\"{class}\";r={};t={}",
                    budget.remaining, budget.reset_seconds
                ),
            );
        }
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sane_tokens_are_taken_for_a_request_id() {
        assert!(is_sane("abc-1.2_3"));
        assert!(!is_sane(""));
        assert!(!is_sane(&"x".repeat(101)));
        assert!(!is_sane("a b"));
        assert!(!is_sane("a\"b"));
    }

    #[test]
    fn the_methods_of_a_path_are_those_of_the_document() {
        let allow = allowed("/api/v1/predictions/{kind:annual|quarterly}").unwrap();
        assert_eq!(allow, "GET, POST");
        let allow = allowed("/api/v1/companies/{id}").unwrap();
        assert_eq!(allow, "GET, PATCH, DELETE");
    }
}
