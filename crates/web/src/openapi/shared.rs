//! Descriptions that apply to many operations: problems, headers, the parameters of the
//! shared conventions, the requirements of the policies.

use utoipa::openapi::{
    Content, Header, HeaderBuilder, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder,
    path::{HttpMethod, Operation, ParameterBuilder, ParameterIn},
    schema::{ObjectBuilder, Type},
    security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
};

use crate::http::{
    body,
    negotiate::Format,
    problem,
    route::{Conventions, Route},
};

const BEARER: &str = "bearer";

/// Problems that operations need not list: status, name, meaning.
const PROBLEMS: [(&str, &str, &str); 12] = [
    ("400", "BadRequest", "Not JSON, or not understood at all"),
    (
        "401",
        "Unauthenticated",
        "No access token, or one that is unknown, too old or ended; `step_up_required` where a recent proof is needed",
    ),
    (
        "404",
        "NotFound",
        "`not_found`: it does not exist, or the caller may not see it",
    ),
    (
        "406",
        "NotAcceptable",
        "`Accept` excludes everything that could be answered",
    ),
    ("408", "RequestTimeout", "The body took too long to arrive"),
    (
        "412",
        "Stale",
        "`stale`: it was changed since the caller read the version that `If-Match` names",
    ),
    (
        "413",
        "PayloadTooLarge",
        "The body is too large, or has too many items",
    ),
    (
        "415",
        "UnsupportedMediaType",
        "Another kind of body is needed",
    ),
    (
        "422",
        "Unprocessable",
        "Everything that is wrong with the request, in `errors`",
    ),
    (
        "429",
        "RateLimited",
        "Too many requests; `Retry-After` tells when to come back",
    ),
    (
        "500",
        "InternalError",
        "A defect; `request_id` finds it in the log",
    ),
    (
        "503",
        "Unavailable",
        "Something that is needed is out of reach; `Retry-After` tells when to come back",
    ),
];

/// Adds the security schemes, the media types of bodies, and the shared problems.
pub(super) fn describe(document: &mut OpenApi) {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The access token of `/auth/login`, or an API key"));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer.build()));
    for (status, name, description) in PROBLEMS {
        let response = a_problem(
            status,
            ResponseBuilder::new().description(description).build(),
        );
        components
            .responses
            .insert(name.to_owned(), response.into());
    }
    document.info.description = Some(format!(
        "{} Where a page of the service's own asks (`X-AccuNode-Client: browser`), login, \
         refresh and step-up put their tokens into cookies; other sites' pages are answered 403 \
         `cross_site_request`. A JSON body has at most {} bytes, and {} where it holds a list of items.",
        document.info.description.take().unwrap_or_default(),
        body::SMALL,
        body::LARGE
    ));
    document.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(
        BEARER,
        [],
    )]);
}

/// Completes an operation by its route's policy and conventions, and by the responses that
/// are common to all. The descriptions of its handler stay.
pub(super) fn complete(route: &Route, is_versioned_api: bool, operation: &mut Operation) {
    access(route, operation);
    parameters(route, operation);
    if is_versioned_api {
        problems(route, operation);
    } else {
        add_problem(operation, "500");
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            if status.starts_with(['4', '5']) {
                *response = a_problem(status, std::mem::take(response));
            } else if is_versioned_api {
                headers(route, status, response);
            }
        }
    }
}

/// Adds the requirements on callers.
fn access(route: &Route, operation: &mut Operation) {
    // One extension only, because several would be written in any order.
    let extension = [("x-access", route.policy.extension())];
    operation.extensions = Some(extension.into_iter().collect());
    if route.policy.public.is_some() {
        // An empty list, and not a list with an empty requirement: clients generate better
        // code from it.
        operation.security = Some(Vec::new());
    }
    if let Some(note) = route.policy.note() {
        let text = operation.description.take();
        operation.description = Some(match text {
            Some(text) if !text.is_empty() => format!("{text}\n\n{note}"),
            _ => note,
        });
    }
}

fn parameters(route: &Route, operation: &mut Operation) {
    let Conventions {
        is_versioned,
        is_idempotent,
        ..
    } = route.conventions;
    let mut add = |name: &str, description: &str, text: ObjectBuilder| {
        let text = text.schema_type(Type::String);
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(description))
            .schema(Some(text))
            .build();
        operation
            .parameters
            .get_or_insert_default()
            .push(parameter.into());
    };
    match route.method {
        HttpMethod::Get if is_versioned => add(
            "If-None-Match",
            "The ETag of the version that the client has: 304 where it is this one",
            ObjectBuilder::new(),
        ),
        HttpMethod::Patch | HttpMethod::Put | HttpMethod::Delete if is_versioned => add(
            "If-Match",
            "The ETag of the version that was read: 412 where it is another one now",
            ObjectBuilder::new()
                .max_length(Some(200))
                .pattern(Some(r#"^(\*|(W/)?"[^"]*")$"#)),
        ),
        _ => {}
    }
    if is_idempotent {
        add(
            "Idempotency-Key",
            "Makes the request safe to send again for 24 hours: 1 to 255 printable ASCII characters",
            ObjectBuilder::new()
                .min_length(Some(1))
                .max_length(Some(255))
                .pattern(Some("^[\\x21-\\x7e]+$")),
        );
    }
}

/// Adds the problems that follow from the operation's input.
fn problems(route: &Route, operation: &mut Operation) {
    let is_public = route.policy.public.is_some();
    let has_body = operation.request_body.is_some();
    let is_changing = !matches!(route.method, HttpMethod::Get | HttpMethod::Post);
    for (status, ..) in PROBLEMS {
        let applies = match status {
            "401" => !is_public,
            "404" => route.path.contains('{'),
            "412" => route.conventions.is_versioned && is_changing,
            "400" | "408" | "413" | "415" => has_body,
            _ => true,
        };
        if applies {
            add_problem(operation, status);
        }
    }
    if route.conventions.is_versioned && route.method == HttpMethod::Get {
        let known = ResponseBuilder::new()
            .description("The client has this version, as `If-None-Match` says")
            .build();
        operation
            .responses
            .responses
            .insert("304".to_owned(), known.into());
    }
}

fn add_problem(operation: &mut Operation, status: &str) {
    if let Some((_, name, _)) = PROBLEMS.iter().find(|(known, ..)| *known == status) {
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| RefOr::Ref(Ref::from_response_name(*name)));
    }
}

/// Returns a response as a problem document with its headers.
fn a_problem(status: &str, mut response: Response) -> Response {
    response
        .content
        .entry(problem::CONTENT_TYPE.to_owned())
        .or_insert_with(|| Content::new(Some(Ref::from_schema_name("Problem"))).into());
    let mut add = |name: &str, about: &str| {
        response.headers.insert(name.to_owned(), header(about));
    };
    add("X-Request-Id", "The id of the request, as in the log");
    match status {
        "401" => add("WWW-Authenticate", "How to sign in (RFC 6750, RFC 9470)"),
        "429" | "503" => add("Retry-After", "Seconds after which to come back"),
        _ => {}
    }
    response
}

fn headers(route: &Route, status: &str, response: &mut Response) {
    let Conventions {
        is_versioned,
        is_idempotent,
        is_located,
        ..
    } = route.conventions;
    let is_success = status.starts_with('2');
    let mut add = |name: &str, about: &str| {
        response.headers.insert(name.to_owned(), header(about));
    };
    add("X-Request-Id", "The id of the request, as in the log");
    add(
        "RateLimit",
        "What is left of the budget, and seconds until it is full again: `\"read\";r=599;t=60`",
    );
    add(
        "RateLimit-Policy",
        "The budget, and its window in seconds: `\"read\";q=600;w=60`",
    );
    if (is_versioned || is_located) && status != "204" {
        add("ETag", "The version, for `If-Match` and `If-None-Match`");
    }
    if is_success && is_located {
        add("Location", "Where it is found");
    }
    if is_success && is_idempotent {
        add(
            "Idempotency-Replayed",
            "`true` where this is the first answer, given again",
        );
    }
    if is_success && route.policy.formats.contains(&Format::Csv) && route.policy.formats.len() > 1 {
        add("Link", "The next page, `rel=\"next\"`, where there is one");
    }
}

fn header(about: &str) -> RefOr<Header> {
    HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .description(Some(about))
        .build()
        .into()
}
