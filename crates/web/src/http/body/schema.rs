//! Checks a JSON value against the schema of its type, with faults in plain words.

use std::{
    any::TypeId,
    collections::HashMap,
    sync::{Arc, LazyLock, RwLock},
};

use accunode_application::Error;
use accunode_domain::{
    fault::{Fault, Faults, shorten},
    timestamp::parse_timestamp,
};
use jsonschema::{
    ValidationError, Validator, draft202012,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::{Value, json};

use utoipa::{ToSchema, openapi::ComponentsBuilder};

use super::{json::escape, shape::Shape};
use crate::http::problem::Problem;

static COMPILED: LazyLock<RwLock<HashMap<TypeId, Arc<Compiled>>>> = LazyLock::new(Default::default);

/// The compiled schema of a type.
#[derive(Debug)]
pub(super) struct Compiled {
    /// What the reader keeps of a body.
    pub(super) shape: Shape,
    validator: Validator,
    /// Whether bodies of this schema contain a password, a token or a code.
    is_secret: bool,
}

/// Returns the schema of a type with those to which it refers, as a document.
fn document<T: ToSchema>() -> Value {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    let components = ComponentsBuilder::new().schemas_from_iter(schemas).build();
    json!({ "components": components })
}

impl Compiled {
    /// Returns the compiled schema of this type.
    ///
    /// # Errors
    /// 500 if the schema itself is invalid.
    pub(super) fn of<T: ToSchema + 'static>() -> Result<Arc<Self>, Problem> {
        let id = TypeId::of::<T>();
        if let Ok(compiled) = COMPILED.read()
            && let Some(schema) = compiled.get(&id)
        {
            return Ok(schema.clone());
        }
        let (name, document) = (T::name(), document::<T>());
        let schema = Arc::new(Self {
            shape: Shape::of(&document, &name),
            validator: validator(&document, &name)?,
            is_secret: is_secret(&document, &name),
        });
        if let Ok(mut compiled) = COMPILED.write() {
            compiled.insert(id, schema.clone());
        }
        Ok(schema)
    }

    /// Adds every mismatch of a value with the schema, except at places where a fault is
    /// listed already. A body that contains a secret is never repeated, because the secret
    /// may be in any of its fields.
    pub(super) fn check(&self, value: &Value, faults: &mut Faults) {
        if self.validator.is_valid(value) {
            return;
        }
        let show = if self.is_secret { hide } else { show };
        let mut found = Faults::new();
        for error in self.validator.iter_errors(value) {
            report(&error, show, &mut found);
            if found.has_more() {
                faults.note_more();
                break;
            }
        }
        for fault in found.listed() {
            if !faults.is_listed_at(&fault.pointer) {
                faults.push(fault.clone());
            }
        }
    }
}

fn is_secret(document: &Value, schema: &str) -> bool {
    let fields = document["components"]["schemas"][schema]["properties"].as_object();
    fields.into_iter().flatten().any(|(name, _)| {
        ["password", "token", "secret", "code"]
            .iter()
            .any(|word| name.contains(word))
    })
}

/// Formats a value for a message.
type Show = fn(&Value) -> String;

fn hide(_: &Value) -> String {
    "what was sent".to_owned()
}

fn validator(document: &Value, name: &str) -> Result<Validator, Problem> {
    let mut components = document["components"].clone();
    drop_lengths(&mut components);
    let schema = json!({
        "$ref": format!("#/components/schemas/{name}"),
        "components": components,
    });
    draft202012::options()
        .should_validate_formats(true)
        .with_format("date-time", |text: &str| parse_timestamp("", text).is_ok())
        .build(&schema)
        .map_err(|error| {
            Error::Internal(format!("the schema {name} is wrong: {error}").into()).into()
        })
}

/// Removes `maxLength`. The rules of the domain check lengths exactly, after trimming white
/// space, and with the code that the field has for every fault of form.
fn drop_lengths(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            // A field of this name would be an object.
            if members.get("maxLength").is_some_and(Value::is_number) {
                members.remove("maxLength");
            }
            members.values_mut().for_each(drop_lengths);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_lengths),
        _ => {}
    }
}

fn report(error: &ValidationError<'_>, show: Show, faults: &mut Faults) {
    let pointer = error.instance_path().as_str();
    let value = error.instance();
    match error.kind() {
        // An optional field is "null or this": only the latter is relevant.
        Kind::OneOfNotValid { context } | Kind::AnyOf { context } => {
            let meant = context.iter().find(|branch| {
                !branch
                    .iter()
                    .any(|e| e.instance_path().as_str() == pointer && is_null_type(e))
            });
            match meant {
                Some(branch) => branch.iter().for_each(|e| report(e, show, faults)),
                None => faults.push(wrong_type(pointer, value, show, "another value")),
            }
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            for name in unexpected {
                faults.push(Fault::new(
                    format!("{pointer}/{}", escape(&shorten(name))),
                    "unknown_field",
                    format!("{:?} is not a field of this object", shorten(name)),
                ));
            }
        }
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            faults.push(Fault::new(
                format!("{pointer}/{}", escape(name)),
                "required",
                format!("{name:?} is missing"),
            ));
        }
        Kind::Type { kind } => {
            let expected = match kind {
                TypeKind::Single(kind) => kind.to_string(),
                TypeKind::Multiple(kinds) => {
                    let names: Vec<_> = kinds.iter().map(|kind| kind.to_string()).collect();
                    names.join(" or ")
                }
            };
            faults.push(wrong_type(pointer, value, show, &expected));
        }
        other => {
            let (code, rule) = words(other);
            faults.push(Fault::new(pointer, code, format!("{} {rule}", show(value))));
        }
    }
}

fn is_null_type(error: &ValidationError<'_>) -> bool {
    matches!(error.kind(), Kind::Type { kind: TypeKind::Single(kind) } if kind.to_string() == "null")
}

fn wrong_type(pointer: &str, value: &Value, show: Show, expected: &str) -> Fault {
    // The codes of ratios are the same in a body and in a file.
    let code = if pointer.contains("/ratios/") {
        "not_a_number"
    } else {
        "wrong_type"
    };
    Fault::new(
        pointer,
        code,
        format!(
            "{} is {}, and not {expected}",
            show(value),
            type_name(value)
        ),
    )
}

fn words(kind: &Kind) -> (&'static str, String) {
    match kind {
        Kind::Enum { options } => {
            let names: Vec<_> = options
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            ("unknown_value", format!("is none of {}", names.join(", ")))
        }
        Kind::Maximum { limit } => ("out_of_range", format!("is above {limit}")),
        Kind::Minimum { limit } => ("out_of_range", format!("is below {limit}")),
        Kind::ExclusiveMaximum { limit } => ("out_of_range", format!("is not below {limit}")),
        Kind::ExclusiveMinimum { limit } => ("out_of_range", format!("is not above {limit}")),
        Kind::MaxLength { limit } => ("too_long", format!("has more than {limit} characters")),
        Kind::MinLength { limit } => ("too_short", format!("has fewer than {limit} characters")),
        Kind::MaxItems { limit } => ("out_of_range", format!("has more than {limit} items")),
        Kind::MinItems { limit } => ("out_of_range", format!("has fewer than {limit} items")),
        Kind::Format { format } if format == "uuid" => ("invalid_id", "is not a UUID".to_owned()),
        Kind::Format { format } if format == "date-time" => (
            "invalid_time",
            "is not a time like 2024-05-31T12:00:00Z, within 0001-01-01 and 9998-12-31".to_owned(),
        ),
        Kind::Format { format } => ("invalid_format", format!("is no {format}")),
        Kind::Pattern { pattern } => ("invalid_format", format!("does not look like {pattern}")),
        other => ("invalid", format!("breaks the rule `{}`", other.keyword())),
    }
}

/// Formats a value, short enough for a message.
fn show(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", shorten(text)),
        other => shorten(&other.to_string()),
    }
}

const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
