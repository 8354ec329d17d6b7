//! The middleware for every answer: a request id, a log line, security headers, the state of the
//! budget, and problem documents where the framework returns only a status.

use std::{net::IpAddr, panic::AssertUnwindSafe, sync::Arc, time::Instant};

use accunode_ports::{
    limits::{Budget, LimitClass},
    meter::{AnsweredRequest, Meter},
    workload::{WithWorkload, Workload},
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

use super::{
    cors::Cors,
    denials,
    lifecycle::{Lifecycle, Phase},
    long_response,
    panicked::Panicked,
    problem::Problem,
    recent_writes,
    route::Endpoint,
    state::{Pages, RequestIds, WebState},
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// A year, including subdomains.
const HSTS: &str = "max-age=31536000; includeSubDomains";

/// The content security policy of an answer that is not a page: it may load nothing.
const NOTHING_LOADS: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The id of a request, in its extensions.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// The rate limit state of a request, in its extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateLimitState(pub(crate) LimitClass, pub(crate) Budget);

/// The middleware; outermost.
pub(crate) async fn response_middleware(
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
        user = tracing::field::Empty, // whichever it turns out to be
    );
    // HEAD is GET without the body, which the server omits when it writes.
    if *request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    async move {
        let started = Instant::now();
        let inputs = HeaderInputs::of(&request);
        let meter = meter(&request);
        let method = request.method().clone();
        let answer = async {
            // The caller and the kind of work are determined within, and reported by `work::begin`.
            let handled = WithWorkload::new(Workload::default(), Box::pin(next.call(request)));
            let response = long_response::supervise(handled.await?.map_into_boxed_body());
            denials::audit_denial(&response).await;
            recent_writes::note(&response).await;
            let mut response = as_problem(response, &id);
            let rate_limit = response
                .request()
                .extensions()
                .get::<RateLimitState>()
                .copied();
            inputs.add_headers(response.headers_mut(), rate_limit, &id);
            close_where_it_ends(&mut response);
            Ok::<_, Error>(response)
        };
        // After a panic, in a handler or before it, the client gets an answer and the connection
        // continues. The work in progress is dropped as if the client had disconnected.
        let answer = match AssertUnwindSafe(answer).catch_unwind().await {
            Ok(answer) => answer,
            Err(_) => {
                Err(Panicked::answer(|headers| inputs.add_headers(headers, None, &id), &id).into())
            }
        };
        let status = match &answer {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        let operation = answer
            .as_ref()
            .ok()
            .and_then(|response| Endpoint::of(response.request()))
            .map(|endpoint| endpoint.path.as_str());
        let took = started.elapsed();
        if let Some(meter) = meter {
            meter.answered(&AnsweredRequest {
                method: method.as_str(),
                operation,
                status: status.as_u16(),
                took,
            });
        }
        let millis = took.as_millis();
        tracing::info!(status = status.as_u16(), millis, "answered");
        answer
    }
    .instrument(span)
    .await
}

/// The meter of requests; `None` before the service is ready.
fn meter(request: &ServiceRequest) -> Option<Arc<dyn Meter>> {
    let state = request.app_data::<web::Data<WebState>>()?;
    Some(state.application.ports().meter.clone())
}

/// The parts of a request that determine the headers of its answer. They are copied first, because
/// the request is passed on to its handler.
#[derive(Clone, Debug)]
struct HeaderInputs {
    /// The content security policy of the requested page, if it is one.
    page: Option<&'static str>,
    over_tls: bool,
    /// The CORS headers.
    cors: Cors,
}

/// The address of the client, according to its trusted proxies.
fn client(request: &ServiceRequest) -> Option<IpAddr> {
    let state = request.app_data::<web::Data<WebState>>()?;
    let peer = request.peer_addr().map(|peer| peer.ip());
    state.proxies.client(peer, request.headers())
}

/// The client's id if it is a valid token, otherwise a new one.
fn request_id(request: &ServiceRequest) -> String {
    let given = request
        .headers()
        .get(X_REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_sane(id));
    if let Some(id) = given {
        return id.to_owned();
    }
    let ids = request.app_data::<web::Data<RequestIds>>();
    ids.map_or_else(|| "unknown".to_owned(), |ids| ids.0.new_id().to_string())
}

fn is_sane(id: &str) -> bool {
    (1..=100).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// Turns every error into a problem document with the request's id, whatever created the error.
fn as_problem(response: ServiceResponse<BoxBody>, id: &str) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let allow = Endpoint::of(response.request()).and_then(Endpoint::allow);
    if status == StatusCode::METHOD_NOT_ALLOWED
        && *response.request().method() == Method::OPTIONS
        && let Some(allow) = &allow
    {
        let known = HttpResponse::NoContent()
            .insert_header((header::ALLOW, allow.clone()))
            .finish();
        return response.into_response(known);
    }
    let own = response
        .response()
        .error()
        .and_then(|error| error.as_error::<Problem>());
    let has_precondition = response.request().headers().contains_key(header::IF_MATCH);
    let rendered: HttpResponse = match own {
        // A request without a precondition never gets the error that one has failed.
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
                && let Some(allow) = allow
            {
                problem = problem.with_header(header::ALLOW, allow);
            }
            problem.render(Some(id))
        }
    };
    response.into_response(rendered)
}

/// Makes the answer the last one of its connection if the process is about to end, or does not
/// serve yet: the client's next connection then reaches another process, or the service.
fn close_where_it_ends(response: &mut ServiceResponse<BoxBody>) {
    let request = response.request();
    let lifecycle = request.app_data::<web::Data<Lifecycle>>();
    if lifecycle.is_some_and(|lifecycle| lifecycle.phase() > Phase::Serving) {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
}

impl HeaderInputs {
    fn of(request: &ServiceRequest) -> Self {
        let pages = request.app_data::<web::Data<Pages>>();
        let state = request.app_data::<web::Data<WebState>>();
        Self {
            page: pages.and_then(|pages| pages.policy(request.path())),
            over_tls: state.is_some_and(|state| state.is_behind_tls()),
            cors: state.map_or(Cors::Off, |state| Cors::of(request, &state.origins)),
        }
    }

    fn add_headers(&self, headers: &mut HeaderMap, rate_limit: Option<RateLimitState>, id: &str) {
        // RFC 6797 allows the header only over TLS, and browsers ignore it otherwise.
        if self.over_tls {
            set(headers, header::STRICT_TRANSPORT_SECURITY, HSTS);
        }
        self.cors.add_headers(headers);
        set(headers, X_REQUEST_ID, id);
        set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(headers, header::X_FRAME_OPTIONS, "DENY");
        set(headers, header::REFERRER_POLICY, "no-referrer");
        // Pages for users set their own caching headers.
        let is_page = self.page.is_some();
        if !is_page && !headers.contains_key(header::CACHE_CONTROL) {
            set(headers, header::CACHE_CONTROL, "no-store");
        }
        let loads = self.page.unwrap_or(NOTHING_LOADS);
        set(headers, header::CONTENT_SECURITY_POLICY, loads);
        // Without a limit there are no headers.
        let rate_limit = rate_limit.filter(|RateLimitState(_, budget)| budget.limit > 0);
        if let Some(RateLimitState(class, budget)) = rate_limit {
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
    fn only_short_plain_tokens_are_accepted_as_request_ids() {
        assert!(is_sane("abc-1.2_3"));
        assert!(!is_sane(""));
        assert!(!is_sane(&"x".repeat(101)));
        assert!(!is_sane("a b"));
        assert!(!is_sane("a\"b"));
    }
}
