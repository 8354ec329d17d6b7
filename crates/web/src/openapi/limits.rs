//! How long the strings, arrays and maps of requests may be, in one table: the document
//! shows it, and the reader of bodies keeps no more than it allows.

use std::collections::{BTreeMap, BTreeSet};

use accunode_application::predictions::{MAX_BATCH, MAX_ITEMS};
use accunode_domain::{organization::MAX_DESCRIPTION, user::Password};
use utoipa::{
    Modify,
    openapi::{
        self, RefOr, Schema,
        path::{Operation, PathItem},
        schema::{Object, SchemaFormat, SchemaType, Type},
    },
};

/// The largest number of ratios in one map; no kind has more than 20.
pub(crate) const MAX_RATIOS: usize = 40;
/// More than the scopes that there are, so that a repetition is no fault.
const MAX_SCOPES: usize = 20;

/// Characters of a string, by the name of its property or parameter.
const LENGTHS: &[(&str, usize)] = &[
    ("admin_email", 255),
    ("code", 64),
    ("country", 3),
    ("currency", 3),
    ("current_password", Password::MAX),
    ("cursor", 8_000),
    ("description", MAX_DESCRIPTION),
    ("domain", 100),
    ("email", 255),
    ("entity_type", 50),
    ("event_type", 50),
    ("exchange", 10),
    ("first_name", 100),
    ("industry", 100),
    ("join_token", 512),
    ("last_name", 100),
    ("mfa_token", 512),
    ("model_name", 100),
    ("model_version", 100),
    ("name", 200),
    ("new_password", Password::MAX),
    ("only_from_model_version", 100),
    ("password", Password::MAX),
    ("phone", 20),
    ("q", 200),
    ("reason", 500),
    ("refresh_token", 512),
    ("reporting_quarter", 2),
    ("reporting_year", 4),
    ("request_id", 100),
    ("sector", 100),
    ("symbol", 10),
    ("token", 512),
];

/// Lengths that only one schema has.
const OWN_LENGTHS: &[(&str, &str, usize)] = &[("NewApiKey", "name", 100)];

/// Elements of an array, by schema and property.
const ITEMS: &[(&str, &str, usize)] = &[
    ("Batch", "items", MAX_BATCH),
    ("NewApiKey", "scopes", MAX_SCOPES),
    ("ScoreRequest", "items", MAX_ITEMS),
];

/// Writes the limits into the schemas of request bodies and into parameters.
pub(super) struct Limits;

impl Modify for Limits {
    fn modify(&self, document: &mut openapi::OpenApi) {
        for item in document.paths.paths.values_mut() {
            for operation in operations(item) {
                for parameter in operation.parameters.iter_mut().flatten() {
                    if let RefOr::T(parameter) = parameter
                        && let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema
                    {
                        limit_text("", &parameter.name, object);
                    }
                }
            }
        }
        let names = request_schemas(document);
        let schemas = document.components.as_mut().map(|all| &mut all.schemas);
        for (name, schema) in schemas.into_iter().flatten() {
            if names.contains(name)
                && let RefOr::T(Schema::Object(object)) = schema
            {
                limit(name, &mut object.properties);
            }
        }
    }
}

fn limit(schema: &str, properties: &mut BTreeMap<String, RefOr<Schema>>) {
    for (name, property) in properties {
        match property {
            RefOr::T(Schema::Object(object)) => limit_text(schema, name, object),
            RefOr::T(Schema::Array(array)) => {
                let known = ITEMS.iter().find(|(s, n, _)| (*s, *n) == (schema, name));
                array.max_items = known.map(|(_, _, most)| *most);
            }
            _ => {}
        }
    }
}

fn limit_text(schema: &str, name: &str, object: &mut Object) {
    if !is_free_text(object) {
        return;
    }
    let own = OWN_LENGTHS
        .iter()
        .find(|(s, n, _)| (*s, *n) == (schema, name));
    let shared = LENGTHS.iter().find(|(n, _)| *n == name);
    object.max_length = own
        .map(|(_, _, most)| *most)
        .or(shared.map(|(_, most)| *most));
}

/// Whether an object is a string whose length nothing else decides.
fn is_free_text(object: &Object) -> bool {
    let is_text = match &object.schema_type {
        SchemaType::Type(only) => *only == Type::String,
        SchemaType::Array(several) => several.contains(&Type::String),
        SchemaType::AnyValue => false,
    };
    let has_form = match &object.format {
        Some(SchemaFormat::KnownFormat(format)) => {
            !matches!(format, openapi::KnownFormat::Password)
        }
        Some(SchemaFormat::Custom(_)) => true,
        None => false,
    };
    is_text && !has_form && object.enum_values.is_none()
}

/// The schemas of JSON bodies of requests, with those that they refer to.
fn request_schemas(document: &openapi::OpenApi) -> BTreeSet<String> {
    let document = serde_json::to_value(document).unwrap_or_default();
    let mut found = BTreeSet::new();
    let paths = document["paths"].as_object().into_iter().flatten();
    for operation in paths.flat_map(|(_, item)| item.as_object().into_iter().flatten()) {
        let content = &operation.1["requestBody"]["content"]["application/json"];
        follow(&document, content, &mut found);
    }
    found
}

fn follow(document: &serde_json::Value, part: &serde_json::Value, found: &mut BTreeSet<String>) {
    match part {
        serde_json::Value::Object(members) => {
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
        serde_json::Value::Array(items) => {
            items.iter().for_each(|part| follow(document, part, found));
        }
        _ => {}
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.post,
        &mut item.put,
        &mut item.patch,
        &mut item.delete,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::openapi::openapi;

    fn has_type(schema: &Value, name: &str) -> bool {
        schema["type"] == name
            || schema["type"]
                .as_array()
                .is_some_and(|types| types.iter().any(|t| t == name))
    }

    /// Every part of a request's schema without a limit that the reader needs.
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
}
