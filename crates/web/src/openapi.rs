//! The OpenAPI document of what the handlers say of themselves, and of what holds
//! for all of them.

mod limits;
mod names_of_generics;

use std::collections::BTreeMap;

use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, Content, HeaderBuilder, Ref, RefOr, ResponseBuilder,
        path::{HttpMethod, Operation, PathItem},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::{
    body, health, names,
    operations::demands,
    problem::{self, ProblemDto},
    v1::{
        BASE, admin, analytics, api_keys, audit_logs, auth, bulk_uploads, companies, invitations,
        me, models, organizations, permissions, predictions, rescorings, users,
    },
};

use limits::Limits;
pub(crate) use limits::MAX_RATIOS;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "AccuNode",
        description = "Probabilities of default of companies, from their financial ratios. \
            Errors are problem documents (RFC 9457) with a stable `code`; every answer has an `X-Request-Id`.",
    ),
    paths(
        auth::register::register, auth::login::login, auth::refresh::refresh, auth::logout::logout,
        auth::step_up::step_up,
        auth::verify_email::verify_email, auth::verify_email::resend, auth::forgot_password::forgot_password, auth::reset_password::reset_password,
        auth::mfa::mfa, me::mfa::enrol, me::mfa::confirm, me::mfa::remove, me::mfa::state, users::mfa::remove, users::approvals::list, users::approvals::decide,
        api_keys::create::create, api_keys::list::list, api_keys::revoke::revoke, api_keys::rotate::rotate,
        me::me, me::update::update, me::remove::remove, me::export::export, me::password::change, me::sessions::list, me::sessions::end_others, me::sessions::end,
        users::list::list, users::get::get, users::update::update, users::remove::remove, users::set_role::set_role, users::sessions::list, users::sessions::end, users::password_reset::reset,
        invitations::accept::accept, invitations::invite::invite, invitations::list::list, invitations::withdraw::withdraw,
        organizations::list::list, organizations::create::create, organizations::get::get, organizations::update::update, organizations::remove::remove,
        organizations::stats::stats, organizations::join_token::put, organizations::join_token::remove,
        organizations::allowed_emails::list, organizations::allowed_emails::add, organizations::allowed_emails::remove, auth::join::join, permissions::permissions,
        companies::list::list, companies::create::create, companies::get::get, companies::remove::remove, companies::update::update, companies::timeline::timeline,
        predictions::list::list, predictions::create::create, predictions::score::score, predictions::batch::batch, predictions::update::update,
        predictions::get::get, predictions::remove::remove, predictions::explanation::explanation, predictions::reproduce::reproduce,
        predictions::revisions::revisions,
        bulk_uploads::list::list, bulk_uploads::submit::submit, bulk_uploads::get::get,
        bulk_uploads::rows::rows, bulk_uploads::events::events, bulk_uploads::cancel::cancel, bulk_uploads::retry::retry, bulk_uploads::remove::remove,
        bulk_uploads::template::csv, bulk_uploads::template::xlsx,
        analytics::dashboard::dashboard, analytics::risk_distribution::risk_distribution, analytics::model_agreement::model_agreement, analytics::trend::trend,
        audit_logs::list::list, audit_logs::get::get,
        admin::stats::stats,
        rescorings::create::create, rescorings::get::get,
        models::list::list, models::get::get, models::get::version,
        health::live, health::ready, health::version,
    ),
    components(schemas(ProblemDto)),
    tags(
        (name = "Auth", description = "Registration, sign-in and sessions' tokens"),
        (name = "Account", description = "The caller's own account, sessions and second factor"),
        (name = "API keys", description = "Stand-ins of people for programs, with no more than they have"),
        (name = "Users", description = "Members of organizations, and those invited"),
        (name = "Organizations", description = "Tenants: root organizations and their children"),
        (name = "Companies", description = "Companies whose risk is predicted"),
        (name = "Predictions", description = "Annual and quarterly probabilities of default"),
        (name = "Bulk uploads", description = "Files of companies to be scored"),
        (name = "Analytics", description = "Aggregates over the predictions that the caller can read"),
        (name = "Audit", description = "Who saw and changed what"),
        (name = "Models", description = "The models that are served"),
        (name = "Operations", description = "Whether the service lives and can serve"),
    ),
    modifiers(&Common, &Limits),
)]
struct Document;

/// The document; the same bytes every time.
#[must_use]
pub fn openapi() -> openapi::OpenApi {
    let mut document = Document::openapi();
    names_of_generics::rename(&mut document);
    document
}

/// The methods of every path.
pub(crate) fn methods() -> BTreeMap<String, Vec<&'static str>> {
    let paths = openapi().paths.paths;
    paths
        .iter()
        .map(|(path, item)| {
            let methods = operations(item)
                .into_iter()
                .map(|(method, _)| name(&method));
            (path.clone(), methods.collect())
        })
        .collect()
}

const fn name(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Post => "POST",
        HttpMethod::Put => "PUT",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Patch => "PATCH",
        _ => "OPTIONS",
    }
}

fn operations(item: &PathItem) -> Vec<(HttpMethod, &Operation)> {
    [
        (HttpMethod::Get, &item.get),
        (HttpMethod::Post, &item.post),
        (HttpMethod::Put, &item.put),
        (HttpMethod::Patch, &item.patch),
        (HttpMethod::Delete, &item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
    .collect()
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("GET", &mut item.get),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
        ("PATCH", &mut item.patch),
        ("DELETE", &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// What every operation may answer, and how one signs in.
struct Common;

const BEARER: &str = "bearer";

/// Problems that no operation has to name: status, name, what it means.
const SHARED: [(&str, &str, &str); 9] = [
    ("400", "BadRequest", "Not JSON, or not understood at all"),
    (
        "401",
        "Unauthenticated",
        "No access token, or one that is unknown, too old or ended; `step_up_required` where a recent proof is needed",
    ),
    (
        "406",
        "NotAcceptable",
        "`Accept` excludes everything that could be answered",
    ),
    ("408", "RequestTimeout", "The body took too long to arrive"),
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
];

impl Modify for Common {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.schemas.extend(names::schemas());
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The access token of `/auth/login`, or an API key"));
        components.add_security_scheme(BEARER, SecurityScheme::Http(bearer.build()));
        for (_, name, description) in SHARED {
            components
                .responses
                .insert(name.to_owned(), shared(description).into());
        }
        document.info.description = Some(format!(
            "{} A JSON body has at most {} bytes, and {} where it holds a list of items.",
            document.info.description.take().unwrap_or_default(),
            body::SMALL,
            body::LARGE
        ));
        let unavailable =
            "Something that is needed is out of reach; `Retry-After` tells when to come back";
        components
            .responses
            .insert("Unavailable".to_owned(), shared(unavailable).into());
        document.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(
            BEARER,
            [],
        )]);
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in operations_mut(item) {
                declare(method, path, operation);
                complete(path, operation);
            }
        }
    }
}

fn shared(description: &str) -> openapi::Response {
    ResponseBuilder::new()
        .description(description)
        .content(
            problem::CONTENT_TYPE,
            Content::new(Some(Ref::from_schema_name("Problem"))),
        )
        .header("X-Request-Id", HeaderBuilder::new().build())
        .build()
}

/// Adds what the operation demands of who calls it.
fn declare(method: &str, path: &str, operation: &mut Operation) {
    let demands = demands(method, path.strip_prefix(BASE).unwrap_or(path));
    // One extension alone: several would be written in any order.
    let extension = [("x-access", demands.extension())];
    operation.extensions = Some(extension.into_iter().collect());
    if let Some(note) = demands.note() {
        let text = operation.description.take();
        operation.description = Some(match text {
            Some(text) if !text.is_empty() => format!("{text}\n\n{note}"),
            _ => note,
        });
    }
}

/// Adds what holds for all, where the operation says nothing of its own.
fn complete(path: &str, operation: &mut Operation) {
    let is_operations = !path.starts_with(BASE);
    let is_public = operation.security.is_some();
    let has_body = operation.request_body.is_some();
    let responses = &mut operation.responses.responses;
    let mut add = |status: &str, name: &str| {
        responses
            .entry(status.to_owned())
            .or_insert_with(|| RefOr::Ref(Ref::from_response_name(name)));
    };
    add("500", "InternalError");
    if is_operations {
        return;
    }
    for (status, name, _) in SHARED {
        let applies = match status {
            "401" => !is_public,
            "400" | "408" | "413" | "415" => has_body,
            _ => true,
        };
        if applies {
            add(status, name);
        }
    }
    add("503", "Unavailable");
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_document_in_the_repository_is_this_one() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
        let mut text = openapi().to_pretty_json().unwrap();
        text.push('\n');
        if std::env::var_os("ACCUNODE_UPDATE").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == text,
            "docs/openapi.json is not what the handlers say; run the tests with ACCUNODE_UPDATE=1 and look at the difference"
        );
    }

    #[test]
    fn the_document_is_openapi_3_1_and_the_same_every_time() {
        let document = serde_json::to_value(openapi()).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        assert_eq!(openapi().to_json().unwrap(), openapi().to_json().unwrap());
    }

    #[test]
    fn every_operation_says_who_may_use_it_and_what_may_go_wrong() {
        let document = openapi();
        let mut ids = Vec::new();
        for (path, item) in &document.paths.paths {
            for (_, operation) in operations(item) {
                let id = operation.operation_id.clone().unwrap();
                assert!(!ids.contains(&id), "{id} is there twice");
                ids.push(id);
                let responses = &operation.responses.responses;
                assert!(responses.contains_key("500"), "{path}");
                if path.starts_with(BASE) {
                    assert!(responses.contains_key("429"), "{path}");
                    assert!(
                        responses.contains_key("401") || operation.security.is_some(),
                        "{path}"
                    );
                }
            }
        }
    }

    /// Every `$ref` of a part of the document.
    fn references(part: &Value, found: &mut BTreeSet<String>) {
        match part {
            Value::Object(members) => {
                if let Some(Value::String(target)) = members.get("$ref") {
                    found.insert(target.clone());
                }
                members.values().for_each(|part| references(part, found));
            }
            Value::Array(items) => items.iter().for_each(|part| references(part, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_of_the_document_resolves() {
        let document = serde_json::to_value(openapi()).unwrap();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(found.len() > 100, "{found:?}");
        let missing: Vec<_> = found
            .iter()
            .filter(|target| {
                let pointer = target.strip_prefix('#').unwrap_or_default();
                pointer.is_empty() || document.pointer(pointer).is_none()
            })
            .collect();
        assert!(missing.is_empty(), "{missing:#?}");
    }

    #[test]
    fn every_response_has_a_description() {
        let document = serde_json::to_value(openapi()).unwrap();
        let mut missing = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                for (status, response) in operation["responses"].as_object().unwrap() {
                    let is_described = response["description"]
                        .as_str()
                        .is_some_and(|d| !d.is_empty());
                    if !is_described && response.get("$ref").is_none() {
                        missing.push(format!("{method} {path}: {status}"));
                    }
                }
            }
        }
        assert!(missing.is_empty(), "{missing:#?}");
    }

    #[test]
    fn bodies_refuse_unknown_fields() {
        let document = serde_json::to_value(openapi()).unwrap();
        for name in [
            "CompanyChanges",
            "PredictionChanges",
            "Batch",
            "NewCompany",
            "Join",
            "NewAllowedEmail",
            "NewOrganization",
            "OrganizationChanges",
            "NewPrediction",
            "NewRescoring",
            "CompanyDescription",
            "ScoreRequest",
            "ScoreItem",
            "NewAccount",
            "NewApiKey",
            "Rotation",
            "NewInvitation",
            "Acceptance",
            "UserChanges",
            "NewRole",
            "Login",
            "Refresh",
            "StepUp",
            "ShownFactor",
            "FactorConfirmation",
            "FactorDecision",
            "MailToken",
            "MailRequest",
            "PasswordReset",
            "PasswordChange",
            "ProfileChanges",
        ] {
            let schema = &document["components"]["schemas"][name];
            assert_eq!(schema["additionalProperties"], false, "{name}: {schema}");
        }
    }
}
