//! From text to a JSON value, knowing the place: a number too large for any float
//! and a field that is given twice are named with their pointer.

use std::cell::RefCell;

use accunode_domain::fault::{Fault, shorten};
use actix_web::http::StatusCode;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::problem::Problem;

/// The value, and what is wrong with it already.
///
/// # Errors
/// 400 `malformed_json` with line and column; 422 `number_out_of_range`.
pub(super) fn parse(bytes: &[u8]) -> Result<(Value, Vec<Fault>), Problem> {
    let place = Place::default();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let result = Seed(&place)
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    match result {
        Ok(value) => Ok((value, place.faults.into_inner())),
        Err(error) if error.to_string().starts_with("number out of range") => {
            let number = number_at(bytes, error.line(), error.column());
            Err(Problem::fault(
                &place.pointer(),
                "number_out_of_range",
                format!("{} is too large for a number", shorten(&number)),
            ))
        }
        Err(_) if bytes.iter().all(u8::is_ascii_whitespace) => {
            Err(malformed("the body is empty".to_owned()))
        }
        Err(error) => Err(malformed(format!("the body is not JSON: {error}"))),
    }
}

fn malformed(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail)
}

/// The number around a place of the text.
fn number_at(bytes: &[u8], line: usize, column: usize) -> String {
    let belongs = |b: &u8| b.is_ascii_digit() || b"+-.eE".contains(b);
    let text = bytes
        .split(|b| *b == b'\n')
        .nth(line.saturating_sub(1))
        .unwrap_or_default();
    // The place is that of the number's last byte or of the one after it.
    let at = column.min(text.len());
    let at = if at > 0 && !text.get(at).is_some_and(belongs) {
        at - 1
    } else {
        at
    };
    let start = text[..at]
        .iter()
        .rposition(|b| !belongs(b))
        .map_or(0, |p| p + 1);
    let length = text[start..].iter().take_while(|b| belongs(b)).count();
    String::from_utf8_lossy(&text[start..start + length]).into_owned()
}

/// Where the parser stands.
#[derive(Default)]
struct Place {
    path: RefCell<Vec<String>>,
    faults: RefCell<Vec<Fault>>,
}

impl Place {
    fn pointer(&self) -> String {
        self.path
            .borrow()
            .iter()
            .map(|segment| format!("/{}", escape(segment)))
            .collect()
    }

    /// Goes one level deeper; left only where that succeeds, so that an error
    /// finds the path as it was.
    fn within<T, E>(&self, segment: String, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.path.borrow_mut().push(segment);
        let value = read()?;
        self.path.borrow_mut().pop();
        Ok(value)
    }
}

/// A name as a segment of a JSON pointer (RFC 6901).
pub(super) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

struct Seed<'a>(&'a Place);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            let next = self.0.within(items.len().to_string(), || {
                access.next_element_seed(Seed(self.0))
            })?;
            let Some(item) = next else { break };
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let value = self
                .0
                .within(key.clone(), || access.next_value_seed(Seed(self.0)))?;
            if map.contains_key(&key) {
                let fault = Fault::new(
                    format!("{}/{}", self.0.pointer(), escape(&key)),
                    "duplicate_field",
                    format!("{:?} is given twice; which one is meant?", shorten(&key)),
                );
                self.0.faults.borrow_mut().push(fault);
            }
            map.insert(key, value);
        }
        if map.len() > 10_000 {
            return Err(A::Error::custom("an object has more than 10000 fields"));
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_that_serde_json_reads() {
        let text = r#"{"a": [1, -2, 3.5, true, null, "x"], "b": {"c": 12345678901234567890}}"#;
        let (value, faults) = parse(text.as_bytes()).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
        assert!(faults.is_empty());
    }

    #[test]
    fn the_number_is_found_wherever_it_stands() {
        for text in ["1e309", "[0, 1e309]", "{\"a\":\n 1e309\n}", "[[1e309 ]]"] {
            let problem = parse(text.as_bytes()).unwrap_err();
            let document = serde_json::to_value(problem.document(None)).unwrap();
            assert_eq!(
                document["detail"], "1e309 is too large for a number",
                "{text}"
            );
        }
    }

    #[test]
    fn names_are_escaped_in_pointers() {
        let problem = parse(br#"{"a/b": {"c~d": -1e400}}"#).unwrap_err();
        let document = serde_json::to_value(problem.document(None)).unwrap();
        assert_eq!(document["errors"][0]["pointer"], "/a~1b/c~0d");
    }

    #[test]
    fn what_is_nested_without_end_is_refused() {
        let text = "[".repeat(100_000);
        assert_eq!(
            parse(text.as_bytes()).unwrap_err().status(),
            StatusCode::BAD_REQUEST
        );
    }
}
