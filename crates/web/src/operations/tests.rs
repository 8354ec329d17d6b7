use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use super::*;
use crate::{openapi::openapi, v1::BASE};

/// Every operation of the OpenAPI document: method, path, `operationId`.
fn documented() -> Vec<(String, String, String)> {
    let document = serde_json::to_value(openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let mut all = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            all.push((
                method.to_uppercase(),
                path.strip_prefix(BASE).unwrap_or(path).to_owned(),
                operation["operationId"].as_str().unwrap().to_owned(),
            ));
        }
    }
    all
}

#[test]
fn every_operation_of_the_openapi_document_is_declared_once_and_no_other() {
    // The document does not describe itself.
    let itself = ("GET".to_owned(), "/openapi.json".to_owned());
    let documented: BTreeSet<_> = documented()
        .into_iter()
        .map(|(method, path, _)| (method, path))
        .chain([itself])
        .collect();
    let declared: Vec<_> = OPERATIONS
        .iter()
        .map(|o| (o.method.to_owned(), o.path.to_owned()))
        .collect();
    let once: BTreeSet<_> = declared.iter().cloned().collect();
    assert_eq!(once.len(), declared.len(), "an operation is declared twice");
    assert_eq!(once, documented);
}

#[test]
fn an_undeclared_operation_demands_everything() {
    let found = demands("POST", "/secrets");
    assert_eq!(found, UNDECLARED);
    assert_eq!(found.step_up, StepUp::Always);
    assert_eq!(found.keys, Keys::Never);
    assert_eq!(
        (
            found.public,
            found.without_second_factor,
            found.for_inactive
        ),
        (None, None, None)
    );
    // What begins like an exempt operation is another one.
    assert_eq!(demands("GET", "/me/secrets"), UNDECLARED);
    assert_eq!(demands("PUT", "/me"), UNDECLARED);
}

#[test]
fn no_key_may_do_what_needs_a_recent_proof() {
    for operation in OPERATIONS {
        if operation.step_up == StepUp::Always {
            assert_eq!(operation.keys, Keys::Never, "{operation:?}");
        }
    }
}

#[test]
fn exemptions_are_exactly_these() {
    let listed = |exempt: fn(&Operation) -> bool| {
        let mut all: Vec<_> = OPERATIONS
            .iter()
            .filter(|o| exempt(o))
            .map(|o| format!("{} {}", o.method, o.path))
            .collect();
        all.sort();
        all
    };
    assert_eq!(
        listed(|o| o.without_second_factor.is_some()),
        [
            "DELETE /me/sessions",
            "DELETE /me/sessions/{id}",
            "GET /me",
            "GET /me/mfa",
            "GET /me/sessions",
            "POST /auth/logout",
            "POST /auth/step-up",
            "POST /me/mfa/totp",
            "POST /me/mfa/totp/confirm",
            "POST /me/password",
        ]
    );
    assert_eq!(
        listed(|o| o.for_inactive.is_some()),
        ["DELETE /me", "GET /me", "PATCH /me", "POST /auth/logout"]
    );
}

/// The table for people: one line for each operation.
fn table() -> String {
    let mut text = String::from(
        "# What every operation demands of who calls it. Generated from crates/web/src/operations.rs by `make generate`.\n\
         # step_up: whether a proof of the last 15 minutes is needed; why or when.\n\
         # key_…: what an API key with this one scope is answered. Where a recent proof is needed, every key is answered key_forbidden.\n\
         method,path,operation,public,step_up,why,without_second_factor,in_an_inactive_organization",
    );
    for scope in KeyScope::ALL {
        let _ = write!(text, ",key_{scope}");
    }
    text.push('\n');
    for (method, path, id) in documented() {
        let operation = demands(&method, &path);
        let (step_up, why) = operation.step_up.words();
        let quoted = |text: Option<&str>| match text {
            Some(text) => format!("\"{}\"", text.replace('"', "\"\"")),
            None => String::new(),
        };
        let _ = write!(
            text,
            "{method},{path},{id},{},{step_up},{},{},{}",
            quoted(operation.public),
            quoted(Some(why).filter(|why| !why.is_empty())),
            quoted(operation.without_second_factor),
            quoted(operation.for_inactive),
        );
        for scope in KeyScope::ALL {
            let answer = match operation.public {
                Some(_) => "",
                None => operation.keys.answer(scope),
            };
            let _ = write!(text, ",{answer}");
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_table_of_openapi_operations_in_the_repository_is_this_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.csv");
    let table = table();
    if std::env::var_os("ACCUNODE_UPDATE").is_some() {
        fs::write(&path, &table).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == table,
        "docs/operations.csv is not what the operations demand; run `make generate` and look at the difference"
    );
}
