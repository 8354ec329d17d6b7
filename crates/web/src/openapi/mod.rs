//! The OpenAPI document: the descriptions of the handlers, completed by the policies of their
//! routes and the shared conventions.

mod described;
mod names_of_generics;
mod shared;
#[cfg(test)]
mod tests;

use utoipa::{
    OpenApi,
    openapi::{
        self,
        path::{HttpMethod, Operation, PathItem},
    },
};

use crate::{
    http::{enums, problem::ProblemDto, route::Route},
    routes,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "AccuNode",
        description = "Probabilities of default of companies, from their financial ratios. \
            Errors are problem documents (RFC 9457) with a stable `code`; every answer has an `X-Request-Id`.",
    ),
    servers((url = "/", description = "The service that serves this document")),
    components(schemas(ProblemDto)),
    tags(
        (name = "Auth", description = "Registration, sign-in and sessions' tokens"),
        (name = "Account", description = "The caller's own account, sessions and second factor"),
        (name = "API keys", description = "Credentials of programs, which can do no more than their owners"),
        (name = "Users", description = "Members of organizations, and those invited"),
        (name = "Organizations", description = "Tenants: root organizations and their children"),
        (name = "Companies", description = "Companies whose risk is predicted"),
        (name = "Predictions", description = "Annual and quarterly probabilities of default"),
        (name = "Outcomes", description = "What happened to companies: defaults, cures and exits"),
        (name = "Validations", description = "Back-tests: predictions against what happened"),
        (name = "Bulk uploads", description = "Files of companies to be scored"),
        (name = "Analytics", description = "Aggregates over the predictions that the caller can read"),
        (name = "Audit", description = "Who saw and changed what"),
        (name = "Models", description = "The models that are served"),
        (name = "Operations", description = "Whether the service lives and can serve"),
    ),
)]
struct Document;

/// Returns the document; the same bytes every time.
#[must_use]
pub fn openapi() -> openapi::OpenApi {
    let mut document = Document::openapi();
    shared::describe(&mut document);
    let components = document.components.get_or_insert_default();
    components.schemas.extend(enums::schemas());
    for (base, routes) in routes() {
        for route in routes.iter().filter(|route| !route.conventions.is_hidden) {
            add(base, route, &mut document);
        }
    }
    names_of_generics::rename(&mut document);
    described::describe(&mut document);
    document
}

/// Adds an operation with the schemas to which it refers.
fn add(base: &str, route: &Route, document: &mut openapi::OpenApi) {
    let components = document.components.get_or_insert_default();
    components.schemas.extend(route.schemas());
    let mut operation = route.operation();
    shared::complete(route, !base.is_empty(), &mut operation);
    let path = format!("{base}{}", route.path);
    document
        .paths
        .add_path_operation(path, vec![route.method.clone()], operation);
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Patch, &mut item.patch),
        (HttpMethod::Delete, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}
