mod policies;
mod words;

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;
use utoipa::openapi::OpenApi as OpenApiDocument;

use super::{openapi, operations_mut};
use crate::{
    http::{negotiate::Format, route::method},
    routes,
    v1::BASE,
};

#[test]
fn openapi_document_in_the_repository_is_current() {
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
fn document_is_openapi_3_1_and_deterministic() {
    let document = serde_json::to_value(openapi()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(openapi().to_json().unwrap(), openapi().to_json().unwrap());
}

#[test]
fn every_operation_has_a_unique_id_and_error_responses() {
    let mut document = openapi();
    let mut ids = Vec::new();
    for (path, item) in &mut document.paths.paths {
        for (_, operation) in operations_mut(item) {
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

#[test]
fn every_operation_has_one_described_tag() {
    let document = serde_json::to_value(openapi()).unwrap();
    let described: Vec<_> = document["tags"].as_array().unwrap().iter().collect();
    let described: BTreeSet<_> = described
        .iter()
        .map(|tag| &tag["name"])
        .map(Value::to_string)
        .collect();
    let mut used = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let tags = operation["tags"].as_array();
            let tags = tags.unwrap_or_else(|| panic!("{method} {path} has no tags"));
            assert_eq!(tags.len(), 1, "{method} {path}");
            used.insert(tags[0].to_string());
        }
    }
    assert_eq!(used, described);
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
fn body_schemas_refuse_unknown_fields() {
    let document = openapi();
    let names = request_schemas(&document);
    assert!(names.len() > 30, "{names:?}");
    let document = serde_json::to_value(document).unwrap();
    for name in names {
        let schema = &document["components"]["schemas"][&name];
        let is_free = schema["type"] != "object" || schema["additionalProperties"].is_object();
        assert!(
            is_free || schema["additionalProperties"] == false,
            "{name}: {schema}"
        );
    }
}

/// The routes, the document and its formats agree.
#[test]
fn documented_operations_equal_the_routes() {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            documented.insert((method.to_uppercase(), path.clone()));
        }
    }
    let mut routed = BTreeSet::new();
    for (base, routes) in routes() {
        for route in routes.iter().filter(|route| !route.conventions.is_hidden) {
            let path = format!("{base}{}", route.path);
            let name = method(&route.method).to_string();
            let answers = &document["paths"][&path][name.to_lowercase()]["responses"];
            let mut offered: Vec<_> = answers
                .as_object()
                .unwrap()
                .iter()
                .filter(|(status, _)| status.starts_with('2'))
                .flat_map(|(_, answer)| answer["content"].as_object().into_iter().flatten())
                .map(|(media_type, _)| media_type.as_str())
                .collect();
            offered.dedup();
            let formats = route.policy.formats.iter();
            let mut declared: Vec<_> = formats.map(|format| format.media_type()).collect();
            declared.sort_unstable();
            if !offered.is_empty() {
                assert_eq!(offered, declared, "{name} {path}");
            } else {
                assert_eq!(declared, [Format::Json.media_type()], "{name} {path}");
            }
            assert!(routed.insert((name, path)), "{route:?} is declared twice");
        }
    }
    assert_eq!(routed, documented);
}

fn is_bounded(schema: &Value) -> bool {
    let is_given = |keyword: &str| schema.get(keyword).is_some();
    match schema["type"].as_str() {
        Some("boolean") => true,
        Some("array") => is_given("maxItems") && is_bounded(&schema["items"]),
        Some("integer") => is_given("format") || (is_given("minimum") && is_given("maximum")),
        _ => {
            let alternatives = schema["oneOf"].as_array();
            alternatives.is_some_and(|all| all.iter().all(is_bounded))
                || ["enum", "maxLength", "format", "pattern", "$ref", "allOf"]
                    .into_iter()
                    .any(is_given)
        }
    }
}

#[test]
fn every_query_parameter_is_bounded_and_described() {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let is_bounded = is_bounded(&parameter["schema"]);
                let is_described = parameter["description"].is_string();
                if parameter["in"] == "query" && !(is_bounded && is_described) {
                    found.push(format!("{method} {path}: {}", parameter["name"]));
                }
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// The schemas of JSON bodies of requests, with the schemas that they refer to.
fn request_schemas(document: &OpenApiDocument) -> BTreeSet<String> {
    let document = serde_json::to_value(document).unwrap_or_default();
    let mut found = BTreeSet::new();
    let paths = document["paths"].as_object().into_iter().flatten();
    for operation in paths.flat_map(|(_, item)| item.as_object().into_iter().flatten()) {
        let content = &operation.1["requestBody"]["content"]["application/json"];
        follow(&document, content, &mut found);
    }
    found
}

fn follow(document: &Value, part: &Value, found: &mut BTreeSet<String>) {
    match part {
        Value::Object(members) => {
            let name = members
                .get("$ref")
                .and_then(|r| r.as_str()?.rsplit('/').next());
            if let Some(name) = name
                && found.insert(name.to_owned())
            {
                let schema = &document["components"]["schemas"][name];
                follow(document, schema, found);
            }
            members
                .values()
                .for_each(|part| follow(document, part, found));
        }
        Value::Array(items) => {
            items.iter().for_each(|part| follow(document, part, found));
        }
        _ => {}
    }
}

fn has_type(schema: &Value, name: &str) -> bool {
    schema["type"] == name
        || schema["type"]
            .as_array()
            .is_some_and(|types| types.iter().any(|t| t == name))
}

/// Collects every part of a request's schema that lacks a required limit.
fn unlimited(place: &str, schema: &Value, found: &mut Vec<String>) {
    let is_known = |keyword: &str| schema.get(keyword).is_some();
    let form = schema["format"].as_str().unwrap_or_default();
    if has_type(schema, "string")
        && !is_known("enum")
        && !is_known("maxLength")
        && !matches!(form, "uuid" | "date-time")
    {
        found.push(format!("{place}: a string without maxLength"));
    }
    if has_type(schema, "array") && !is_known("maxItems") {
        found.push(format!("{place}: an array without maxItems"));
    }
    if has_type(schema, "object") {
        match &schema["additionalProperties"] {
            Value::Bool(false) => {}
            Value::Object(_) if is_known("maxProperties") => {}
            _ => found.push(format!("{place}: an object with any fields")),
        }
    }
    if !["type", "$ref", "oneOf", "anyOf", "allOf"]
        .iter()
        .any(|k| is_known(k))
    {
        found.push(format!("{place}: anything"));
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        unlimited(&format!("{place}.{name}"), property, found);
    }
    for keyword in ["items", "additionalProperties"] {
        if schema[keyword].is_object() {
            unlimited(&format!("{place}.{keyword}"), &schema[keyword], found);
        }
    }
}

#[test]
fn every_part_of_a_request_has_a_limit() {
    let document = openapi();
    let names = request_schemas(&document);
    assert!(names.contains("Batch") && names.contains("CompanyDescription"));
    let document = serde_json::to_value(document).unwrap();
    let mut found = Vec::new();
    for name in names {
        unlimited(&name, &document["components"]["schemas"][&name], &mut found);
    }
    assert!(found.is_empty(), "add to the tables of limits: {found:#?}");
}
