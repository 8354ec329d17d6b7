//! The possible content of a body, derived from the schema of the OpenAPI document: the
//! reader needs it to keep only the expected parts in memory.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

/// The longest string of a fixed form, such as an id or a time, in bytes.
const FIXED_FORM_BYTES: usize = 200;
/// The bytes that a string may have beyond its `maxLength`, because white space around it
/// does not count.
const SLACK_BYTES: usize = 1_024;
/// The deepest nesting of schemas; the bodies of this API have four levels.
const MAX_DEPTH: usize = 16;

/// What is expected at one position of a body.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Shape {
    /// The members of an object by name.
    pub(super) properties: BTreeMap<String, Arc<Shape>>,
    /// The shape of the members of a map, whose names the sender chooses.
    pub(super) members: Option<Members>,
    /// The elements of an array.
    pub(super) items: Option<Items>,
    /// Whether an object is expected.
    pub(super) is_object: bool,
    /// The least and the largest value of an integer.
    pub(super) integer: Option<(i64, i64)>,
    /// The length of a string.
    pub(super) text: Option<TextLength>,
}

/// The members of a map.
#[derive(Debug, PartialEq)]
pub(super) struct Members {
    pub(super) shape: Arc<Shape>,
    pub(super) most: usize,
}

/// The elements of an array.
#[derive(Debug, PartialEq)]
pub(super) struct Items {
    pub(super) shape: Arc<Shape>,
    pub(super) most: usize,
}

/// How long a string may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextLength {
    /// At most this many characters, which its own rules check exactly.
    Characters(usize),
    /// A fixed form; a longer string has another form.
    FixedForm,
}

impl TextLength {
    /// Returns the number of bytes beyond which a string is certainly too long.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Characters(most) => 4 * most + SLACK_BYTES,
            Self::FixedForm => FIXED_FORM_BYTES,
        }
    }
}

impl Shape {
    /// Returns the shape of a schema of the document.
    pub(super) fn of(document: &Value, schema: &str) -> Self {
        let mut shape = Self::default();
        shape.add(document, &document["components"]["schemas"][schema], 0);
        shape
    }

    /// Adds what a schema allows: alternatives are merged to one shape that fits all of
    /// them.
    fn add(&mut self, document: &Value, schema: &Value, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
            let target = &document["components"]["schemas"][name];
            return self.add(document, target, depth + 1);
        }
        for keyword in ["oneOf", "anyOf", "allOf"] {
            for alternative in schema[keyword].as_array().into_iter().flatten() {
                self.add(document, alternative, depth + 1);
            }
        }
        let part = |schema: &Value| {
            let mut part = Self::default();
            part.add(document, schema, depth + 1);
            Arc::new(part)
        };
        let most = |keyword: &str| {
            let limit = schema[keyword].as_u64();
            limit.and_then(|limit| usize::try_from(limit).ok())
        };
        if has_type(schema, "object") {
            self.is_object = true;
            let properties = schema["properties"].as_object().into_iter().flatten();
            for (name, property) in properties {
                self.properties.insert(name.clone(), part(property));
            }
            if schema["additionalProperties"].is_object() {
                self.members = Some(Members {
                    shape: part(&schema["additionalProperties"]),
                    most: most("maxProperties").unwrap_or_default(),
                });
            }
        }
        if has_type(schema, "array") {
            self.items = Some(Items {
                shape: part(&schema["items"]),
                most: most("maxItems").unwrap_or_default(),
            });
        }
        if has_type(schema, "integer") {
            self.integer = Some(match schema["format"].as_str() {
                Some("int32") => (i32::MIN.into(), i32::MAX.into()),
                _ => (i64::MIN, i64::MAX),
            });
        }
        if has_type(schema, "string") {
            self.text = Some(match most("maxLength") {
                Some(most) => TextLength::Characters(most),
                None => TextLength::FixedForm,
            });
        }
    }
}

fn has_type(schema: &Value, name: &str) -> bool {
    match &schema["type"] {
        Value::String(only) => only == name,
        Value::Array(several) => several.iter().any(|one| one == name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::openapi;

    #[test]
    fn a_shape_follows_references_and_alternatives() {
        let document = serde_json::to_value(openapi()).unwrap();
        let batch = Shape::of(&document, "Batch");
        let items = batch.properties["items"].items.as_ref().unwrap();
        assert_eq!(items.most, 100);
        let company = &items.shape.properties["company"];
        assert!(company.is_object && company.properties.contains_key("symbol"));
        let ratios = items.shape.properties["ratios"].members.as_ref().unwrap();
        assert!(ratios.most > 0);
        let overlap = &Shape::of(&document, "Rotation").properties["overlap_seconds"];
        assert_eq!(overlap.integer, Some((i64::MIN, i64::MAX)));
    }
}
