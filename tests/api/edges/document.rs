//! The inputs of each operation by the OpenAPI document, with a sample of each.

use serde_json::{Map, Value, json};

/// An operation of the document.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    /// The method in upper case.
    pub(super) method: String,
    /// The path as in the document, below `/api/v1`, or from the root with another leading
    /// slash.
    pub(super) path: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Body>,
}

#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) place: ParameterLocation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParameterLocation {
    Path,
    Query,
    Header,
}

/// The body that an operation takes.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) is_form: bool,
    /// The required properties.
    pub(super) required: Map<String, Value>,
    /// All properties.
    pub(super) full: Map<String, Value>,
}

impl Operation {
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// Returns every operation of a document.
pub(super) fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let shared = item["parameters"].as_array().cloned().unwrap_or_default();
        for (method, operation) in item.as_object().expect("operations") {
            if !operation["responses"].is_object() {
                continue;
            }
            let own = operation["parameters"].as_array().cloned();
            let parameters = shared.iter().chain(own.iter().flatten());
            all.push(Operation {
                method: method.to_uppercase(),
                path: match path.strip_prefix("/api/v1") {
                    Some(path) => path.to_owned(),
                    None => format!("/{path}"),
                },
                parameters: parameters.map(|p| parameter(document, p)).collect(),
                body: body(document, &operation["requestBody"]),
            });
        }
    }
    all
}

fn parameter(document: &Value, parameter: &Value) -> Parameter {
    let parameter = resolved(document, parameter);
    Parameter {
        name: parameter["name"].as_str().expect("a name").to_owned(),
        place: match parameter["in"].as_str() {
            Some("path") => ParameterLocation::Path,
            Some("query") => ParameterLocation::Query,
            Some("header") => ParameterLocation::Header,
            other => panic!("a parameter in {other:?}: write here how it is sent"),
        },
    }
}

fn body(document: &Value, body: &Value) -> Option<Body> {
    let content = resolved(document, body)["content"].as_object()?;
    let (kind, media) = content.iter().next().expect("a kind of body");
    let is_form = match kind.as_str() {
        "application/json" => false,
        "multipart/form-data" => true,
        other => panic!("a body of the kind {other}: write here how it is sent"),
    };
    let mut full = Map::new();
    let mut required = Map::new();
    let schema = without_null(document, &media["schema"]);
    for (name, property) in properties(document, &schema) {
        let value = sample(document, &property, 0);
        let is_required = schema["required"]
            .as_array()
            .is_some_and(|names| names.contains(&json!(name)));
        if is_required {
            required.insert(name.clone(), value.clone());
        }
        full.insert(name, value);
    }
    assert!(!full.is_empty(), "a body without properties: {media}");
    Some(Body {
        is_form,
        required,
        full,
    })
}

/// Resolves a reference.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let mut value = value;
    while let Some(reference) = value["$ref"].as_str() {
        let pointer = reference.strip_prefix('#').expect("a local reference");
        value = document.pointer(pointer).expect("what is referred to");
    }
    value
}

/// Returns a schema, or the one of its alternatives that is not null.
fn without_null(document: &Value, schema: &Value) -> Value {
    let schema = resolved(document, schema);
    for alternatives in ["oneOf", "anyOf", "allOf"] {
        if let Some(all) = schema[alternatives].as_array() {
            let mut all = all.iter().map(|schema| resolved(document, schema));
            let found = all.find(|schema| schema["type"] != "null");
            return without_null(document, found.expect("an alternative"));
        }
    }
    schema.clone()
}

fn properties(document: &Value, schema: &Value) -> Vec<(String, Value)> {
    let schema = without_null(document, schema);
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect()
}

/// Returns a value that the schema allows.
fn sample(document: &Value, schema: &Value, depth: usize) -> Value {
    assert!(depth < 12, "a schema without end: {schema}");
    let schema = without_null(document, schema);
    for given in ["example", "default", "const"] {
        if let Some(value) = schema.get(given) {
            return value.clone();
        }
    }
    for listed in ["examples", "enum"] {
        let first = schema[listed].as_array().and_then(|all| all.first());
        if let Some(value) = first {
            return value.clone();
        }
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null"),
        kind => Some(kind),
    };
    match (kind.and_then(Value::as_str), schema["format"].as_str()) {
        (Some("string"), Some("uuid")) => json!("00000000-0000-4000-8000-000000000000"),
        (Some("string"), Some("date-time")) => json!("2030-01-01T00:00:00Z"),
        (Some("string"), Some("date")) => json!("2030-01-01"),
        (Some("string"), _) => json!("text"),
        (Some("boolean"), _) => json!(false),
        (Some("integer" | "number"), _) => json!(1),
        (Some("array"), _) => json!([sample(document, &schema["items"], depth + 1)]),
        _ => {
            let all = properties(document, &schema).into_iter();
            let required = |name: &str| {
                let names = schema["required"].as_array();
                names.is_some_and(|names| names.contains(&json!(name)))
            };
            // Nested objects with all their required properties; other values are sent to
            // the operation that takes them by themselves.
            let fields = all.filter(|(name, _)| required(name) || depth == 0);
            let fields = fields.map(|(name, schema)| (name, sample(document, &schema, depth + 1)));
            Value::Object(fields.collect())
        }
    }
}

/// Returns the pointers at which a value can be replaced: itself, and every one below it.
pub(super) fn pointers(value: &Value) -> Vec<String> {
    let mut all = vec![String::new()];
    let below: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(items) => items.iter().take(1).map(|v| ("0".to_owned(), v)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in below {
        let name = name.replace('~', "~0").replace('/', "~1");
        all.extend(pointers(value).iter().map(|rest| format!("/{name}{rest}")));
    }
    all
}
