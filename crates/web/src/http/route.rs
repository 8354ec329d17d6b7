//! Routes: each operation is declared once, with its handler and its policy. The actix route,
//! the entry in the OpenAPI document and the line in `docs/operations.csv` follow from it.
//!
//! Method, path and schemas are declared in the handler's `#[utoipa::path]`; a resource's
//! `routes()` lists its operations with [`route!`](crate::http::route::route).

use accunode_domain::{job::JobType, prediction::Kind};
use actix_web::{
    FromRequest, Handler, HttpRequest, Responder,
    http::{Method, header::HeaderValue},
    web::{self, ServiceConfig},
};
use utoipa::{
    __dev::{SchemaReferences, Tags},
    openapi::{
        RefOr, Schema,
        path::{HttpMethod, Operation},
    },
};

use super::policy::Policy;

/// An operation: its path and method, its handler, its policy, its part of the document.
pub(crate) struct Route {
    /// The path relative to the base, such as `/companies/{id}`.
    pub(crate) path: String,
    pub(crate) method: HttpMethod,
    pub(crate) policy: Policy,
    pub(crate) conventions: Conventions,
    operation: fn() -> Operation,
    tags: fn() -> Vec<&'static str>,
    schemas: fn(&mut Vec<(String, RefOr<Schema>)>),
    handler: actix_web::Route,
}

/// The shared conventions that an operation follows; the document describes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conventions {
    /// Its objects have a version: `ETag`, and `If-Match` or `If-None-Match`.
    pub(crate) is_versioned: bool,
    /// It may be repeated with the same `Idempotency-Key`.
    pub(crate) is_idempotent: bool,
    /// `Location` is the address of what it created.
    pub(crate) is_located: bool,
    /// The document does not describe it.
    pub(crate) is_hidden: bool,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Route")
            .field("method", &method(&self.method))
            .field("path", &self.path)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// Declares an operation: `route!(list::list, POLICY)`, where `list::list` is a handler with
/// `#[utoipa::path]`.
macro_rules! route {
    ($handler:ident, $policy:expr) => {
        pastey::paste! {
            $crate::http::route::Route::new::<[<__path_ $handler>], _, _>($handler, $policy)
        }
    };
    ($module:ident :: $handler:ident, $policy:expr) => {
        pastey::paste! {
            $crate::http::route::Route::new::<$module::[<__path_ $handler>], _, _>(
                $module::$handler,
                $policy,
            )
        }
    };
}
pub(crate) use route;

impl Route {
    /// Creates the operation that `D` documents and `handler` executes.
    pub(crate) fn new<D, F, A>(handler: F, policy: Policy) -> Self
    where
        D: utoipa::Path + SchemaReferences + Tags<'static>,
        F: Handler<A>,
        F::Output: Responder + 'static,
        A: FromRequest + 'static,
    {
        let documented = D::methods().into_iter().next().unwrap_or(HttpMethod::Get);
        Self {
            path: D::path(),
            policy,
            conventions: Conventions::default(),
            operation: D::operation,
            tags: D::tags,
            schemas: D::schemas,
            handler: web::method(method(&documented)).to(handler),
            method: documented,
        }
    }

    /// Marks that its objects have a version.
    pub(crate) const fn versioned(mut self) -> Self {
        self.conventions.is_versioned = true;
        self
    }

    /// Marks that it may be repeated with the same `Idempotency-Key`.
    pub(crate) const fn idempotent(mut self) -> Self {
        self.conventions.is_idempotent = true;
        self
    }

    /// Marks that `Location` is the address of what it created.
    pub(crate) const fn located(mut self) -> Self {
        self.conventions.is_located = true;
        self
    }

    /// Marks that the document does not describe it.
    pub(crate) const fn hidden(mut self) -> Self {
        self.conventions.is_hidden = true;
        self
    }

    /// Returns its entry in the document, as its handler describes it. Generated clients group
    /// operations by their tags.
    pub(crate) fn operation(&self) -> Operation {
        let mut operation = (self.operation)();
        operation.tags = Some((self.tags)().into_iter().map(str::to_owned).collect());
        operation
    }

    /// Returns the schemas to which its entry refers.
    pub(crate) fn schemas(&self) -> Vec<(String, RefOr<Schema>)> {
        let mut found = Vec::new();
        (self.schemas)(&mut found);
        found
    }
}

/// The declarations for one path, in the data of its actix resource.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// The path from the root, such as `/api/v1/companies/{id}`.
    pub(crate) path: String,
    policies: Vec<(Method, Policy)>,
}

impl Endpoint {
    /// Returns the endpoint to which a request was routed.
    pub(crate) fn of(request: &HttpRequest) -> Option<&Self> {
        request.app_data()
    }

    /// Returns the path, with the names of its parameters.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Returns an endpoint that is only read, and needs no policy.
    pub(crate) fn of_reads(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            policies: vec![(Method::GET, Policy::STRICTEST)],
        }
    }

    /// Returns the policy of a request: the strictest if none is declared.
    pub(crate) fn policy_of(request: &HttpRequest) -> Policy {
        let declared = Self::of(request).and_then(|endpoint| endpoint.policy(request.method()));
        declared.unwrap_or(Policy::STRICTEST)
    }

    fn policy(&self, method: &Method) -> Option<Policy> {
        let mut declared = self.policies.iter();
        declared
            .find(|(known, _)| known == method)
            .map(|(_, policy)| *policy)
    }

    /// Returns the methods of the path, for `Allow`. A path with GET also has HEAD, and every
    /// path has OPTIONS.
    pub(crate) fn allow(&self) -> Option<HeaderValue> {
        let mut names = Vec::new();
        for (known, _) in &self.policies {
            names.push(known.as_str());
            if known == Method::GET {
                names.push(Method::HEAD.as_str());
            }
        }
        names.push(Method::OPTIONS.as_str());
        HeaderValue::from_str(&names.join(", ")).ok()
    }
}

/// Registers routes below a base for which the caller has opened a scope.
pub(crate) fn mount(base: &str, mut routes: Vec<Route>, config: &mut ServiceConfig) {
    // Literal segments come before parameters: `/score` before `/{id}`.
    routes.sort_by_key(|route| (route.path.replace('{', "~"), rank(&route.method)));
    let mut routes = routes.into_iter().peekable();
    while let Some(first) = routes.next() {
        let mut of_path = vec![first];
        while let Some(next) = routes.next_if(|next| next.path == of_path[0].path) {
            of_path.push(next);
        }
        let path = &of_path[0].path;
        let endpoint = Endpoint {
            path: format!("{base}{path}"),
            policies: of_path
                .iter()
                .map(|route| (method(&route.method), route.policy))
                .collect(),
        };
        let resource = web::resource(pattern(path)).app_data(endpoint);
        config.service(
            of_path
                .into_iter()
                .fold(resource, |resource, route| resource.route(route.handler)),
        );
    }
}

/// Returns the path pattern for actix: a kind of prediction must be one of the existing ones.
/// A template is of one of the types of jobs.
fn pattern(path: &str) -> String {
    let kinds = if path.contains("/templates/") {
        JobType::ALL.map(JobType::as_str).join("|")
    } else {
        Kind::ALL.map(Kind::as_str).join("|")
    };
    path.replace("{kind}", &format!("{{kind:{kinds}}}"))
}

/// Returns the order in which methods are listed.
const fn rank(method: &HttpMethod) -> u8 {
    match method {
        HttpMethod::Get => 0,
        HttpMethod::Post => 1,
        HttpMethod::Put => 2,
        HttpMethod::Patch => 3,
        _ => 4,
    }
}

/// Converts the method to the HTTP library's type.
pub(crate) fn method(documented: &HttpMethod) -> Method {
    match documented {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Trace => Method::TRACE,
    }
}

/// Returns an address: a path with its parameters filled in, in their order.
pub(crate) fn address(base: &str, path: &str, parameters: &[&dyn std::fmt::Display]) -> String {
    let mut address = base.to_owned();
    let mut parameters = parameters.iter();
    for segment in path.split('/').skip(1) {
        address.push('/');
        match parameters.as_slice() {
            [first, ..] if segment.starts_with('{') => {
                address.push_str(&first.to_string());
                parameters.next();
            }
            _ => address.push_str(segment),
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_parameters_are_filled_into_the_address() {
        assert_eq!(address("/v1", "/companies/{id}", &[&7]), "/v1/companies/7");
        assert_eq!(
            address("", "/predictions/{kind}/{id}/x", &[&"annual", &7]),
            "/predictions/annual/7/x"
        );
    }

    #[test]
    fn kind_in_a_path_matches_only_known_kinds() {
        assert_eq!(
            pattern("/predictions/{kind}/{id}"),
            "/predictions/{kind:annual|quarterly}/{id}"
        );
    }
}
