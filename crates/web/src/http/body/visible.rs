//! Finds texts of a body with invisible characters.
//!
//! The domain refuses such characters where it reads a name or a description. This is an
//! additional check of all texts, so that a new field is checked even if its own rules do
//! not.

use accunode_domain::{
    fault::Fault,
    text::{forbidden_prose, has_forbidden},
};
use serde_json::Value;

use super::json::escape;

/// Secrets that users choose may contain any character.
const CHOSEN_SECRETS: [&str; 3] = ["password", "current_password", "new_password"];
/// The largest number of faults that are listed.
const MOST_FAULTS: usize = 100;

/// Returns a fault for each text of the body with an invisible character. Line breaks and
/// tabs are left to the field's own rules.
pub(super) fn check(body: &Value) -> Vec<Fault> {
    let mut faults = Vec::new();
    walk(body, &mut String::new(), &mut faults);
    faults
}

fn walk(value: &Value, pointer: &mut String, faults: &mut Vec<Fault>) {
    if faults.len() >= MOST_FAULTS {
        return;
    }
    match value {
        Value::String(text) if has_forbidden(text) => {
            faults.extend(forbidden_prose(pointer, text));
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                below(pointer, &at.to_string(), |pointer| {
                    walk(item, pointer, faults);
                });
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                if !CHOSEN_SECRETS.contains(&name.as_str()) {
                    below(pointer, &escape(name), |pointer| {
                        walk(field, pointer, faults);
                    });
                }
            }
        }
        _ => {}
    }
}

fn below(pointer: &mut String, name: &str, then: impl FnOnce(&mut String)) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(name);
    then(pointer);
    pointer.truncate(length);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Map, json};

    use super::*;
    use crate::openapi::openapi;

    const HOSTILE: [&str; 6] = [
        "a\u{202E}b",
        "a\u{200B}b",
        "\u{FEFF}ab",
        "a\u{2066}b\u{2069}",
        "a\u{E0041}b",
        "a\u{0}b",
    ];

    /// Returns every text that a body of this schema may contain, as a body with nothing
    /// else in it, and its pointer.
    fn texts(document: &Value, schema: &Value, depth: u32) -> Vec<(String, Vec<String>)> {
        if depth > 6 {
            return Vec::new();
        }
        if let Some(path) = schema["$ref"].as_str() {
            let target = document.pointer(path.trim_start_matches('#')).unwrap();
            return texts(document, target, depth + 1);
        }
        let mut found = Vec::new();
        for branches in ["oneOf", "anyOf", "allOf"] {
            for branch in schema[branches].as_array().into_iter().flatten() {
                found.extend(texts(document, branch, depth + 1));
            }
        }
        let is = |kind: &str| match &schema["type"] {
            Value::String(is) => is == kind,
            Value::Array(kinds) => kinds.iter().any(|is| is == kind),
            _ => false,
        };
        if is("string") && schema["enum"].is_null() {
            let format = schema["format"].as_str().unwrap_or_default().to_owned();
            found.push((format, Vec::new()));
        }
        if is("array") {
            for (format, mut path) in texts(document, &schema["items"], depth + 1) {
                path.insert(0, "0".to_owned());
                found.push((format, path));
            }
        }
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            for (format, mut path) in texts(document, field, depth + 1) {
                path.insert(0, name.clone());
                found.push((format, path));
            }
        }
        found
    }

    /// Returns a body with this text at this path.
    fn body(path: &[String], text: &str) -> Value {
        match path.split_first() {
            None => json!(text),
            Some((name, rest)) if name == "0" => json!([body(rest, text)]),
            Some((name, rest)) => {
                let mut object = Map::new();
                object.insert(name.clone(), body(rest, text));
                Value::Object(object)
            }
        }
    }

    #[test]
    fn every_text_of_every_body_refuses_invisible_characters() {
        let document = serde_json::to_value(openapi()).unwrap();
        let mut seen = 0;
        let mut secrets = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
                for (format, field) in texts(&document, schema, 0) {
                    let pointer = format!("/{}", field.join("/"));
                    if format == "password" {
                        secrets.insert(field.last().unwrap().clone());
                        continue;
                    }
                    for text in HOSTILE {
                        let faults = check(&body(&field, text));
                        let pointers: Vec<_> =
                            faults.iter().map(|fault| fault.pointer.as_str()).collect();
                        assert_eq!(pointers, [pointer.as_str()], "{method} {path} {text:?}");
                    }
                    assert_eq!(check(&body(&field, "Zażółć 株式会社 x")), []);
                    seen += 1;
                }
            }
        }
        assert!(seen > 40, "only {seen} texts were found");
        // The exemptions are exactly the fields that are documented as passwords.
        let exempt: BTreeSet<_> = CHOSEN_SECRETS.map(str::to_owned).into();
        assert_eq!(secrets, exempt);
    }

    #[test]
    fn faults_of_invisible_characters_are_limited_in_number() {
        let body = json!({ "items": vec!["\u{200B}"; 10_000] });
        assert_eq!(check(&body).len(), MOST_FAULTS);
        assert_eq!(check(&json!({ "description": "a\r\n\tb" })), []);
    }
}
