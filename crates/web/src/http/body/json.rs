//! Parses text to a JSON value, in one pass whose time and memory are limited by what the
//! schema expects: an unexpected part is skipped and not kept, lengths are checked before
//! contents, and reading stops when more faults are found than are listed.
//!
//! The reader knows its position, so that a number that is too large for any float, a
//! repeated field and an unknown field are reported with their pointer.

mod key;
#[cfg(test)]
mod tests;

use std::cell::RefCell;

use accunode_domain::fault::{Fault, Faults, shorten};
use actix_web::http::StatusCode;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Number, Value};

use self::key::{Key, KeySeed};
use super::shape::Shape;
use crate::http::problem::Problem;

/// The largest integer up to which every whole float is exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Returns the value, and the faults that were found already.
///
/// # Errors
/// 400 `malformed_json` with line and column; 422 if an array has too many items, a number
/// is out of range, or more faults are found than are listed.
pub(super) fn parse(bytes: &[u8], shape: &Shape) -> Result<(Value, Faults), Problem> {
    let reading = Reading::default();
    // RFC 8259 allows to ignore a byte order mark, which some programs write.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let seed = Seed {
        reading: &reading,
        shape,
    };
    let result = seed
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    if let Some(refusal) = reading.refusal.borrow_mut().take() {
        return Err(refusal);
    }
    match result {
        Ok(value) => Ok((value, reading.faults.into_inner())),
        Err(_) if reading.faults.borrow().has_more() => {
            Err(Problem::faults(reading.faults.into_inner()))
        }
        Err(error) if error.to_string().starts_with("number out of range") => {
            let number = number_at(bytes, error.line(), error.column());
            Err(Problem::fault(
                &reading.pointer(),
                "number_out_of_range",
                format!("{} is too large for a number", shorten(&number)),
            ))
        }
        Err(_) if bytes.iter().all(u8::is_ascii_whitespace) => {
            Err(malformed("the body is empty".to_owned()))
        }
        Err(error) => Err(not_json(&reading.pointer(), bytes, &error)),
    }
}

/// The problem for text that is not JSON, with the position of the error.
fn not_json(pointer: &str, bytes: &[u8], error: &serde_json::Error) -> Problem {
    let place = match pointer {
        "" => String::new(),
        pointer => format!(" at {pointer}"),
    };
    let written = around(bytes, error.line(), error.column(), |b| {
        b.is_ascii_alphanumeric() || b"_'+-.".contains(b)
    });
    let remedy = remedy(&written).map_or_else(String::new, |remedy| format!("; {remedy}"));
    let detail = format!("the body is not JSON{place}: {error}{remedy}");
    malformed(detail.clone()).with_errors(vec![Fault::new(pointer, "malformed_json", detail)])
}

/// Returns what to send instead of words that programs write but JSON does not have.
fn remedy(written: &str) -> Option<&'static str> {
    let word = written.trim_start_matches(['-', '+']);
    let is = |known: &[&str]| known.iter().any(|name| word.eq_ignore_ascii_case(name));
    if is(&[
        "nan",
        "inf",
        "infinity",
        "none",
        "nil",
        "undefined",
        "na",
        "n",
    ]) {
        Some("JSON has no NaN, Infinity or None: send null for a value that is missing")
    } else if word == "True" || word == "False" {
        Some("JSON's booleans are true and false")
    } else if word.starts_with('\'') {
        Some("JSON's strings stand in double quotation marks")
    } else {
        None
    }
}

fn malformed(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail)
}

/// Returns the number around a position of the text.
fn number_at(bytes: &[u8], line: usize, column: usize) -> String {
    around(bytes, line, column, |b| {
        b.is_ascii_digit() || b"+-.eE".contains(b)
    })
}

/// Returns the token around a position of the text.
fn around(bytes: &[u8], line: usize, column: usize, belongs: impl Fn(&u8) -> bool) -> String {
    let text = bytes
        .split(|b| *b == b'\n')
        .nth(line.saturating_sub(1))
        .unwrap_or_default();
    // The position is that of the word's last byte or of the one after it.
    let at = column.min(text.len());
    let at = if at > 0 && !text.get(at).is_some_and(&belongs) {
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

/// The position of the reader, and its findings.
#[derive(Default)]
struct Reading {
    path: RefCell<Vec<Segment>>,
    faults: RefCell<Faults>,
    /// Why reading stopped before the end of the body, if the reason is not a fault of a
    /// field.
    refusal: RefCell<Option<Problem>>,
}

/// One step from a value into a part of it.
enum Segment {
    Name(String),
    Index(usize),
}

impl Reading {
    fn pointer(&self) -> String {
        self.path
            .borrow()
            .iter()
            .map(|segment| match segment {
                Segment::Name(name) => format!("/{}", escape(name)),
                Segment::Index(at) => format!("/{at}"),
            })
            .collect()
    }

    /// Goes one level deeper. The path is left again only on success, so that an error
    /// keeps its path.
    fn within<T, E>(&self, segment: Segment, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.path.borrow_mut().push(segment);
        let value = read()?;
        self.path.borrow_mut().pop();
        Ok(value)
    }

    /// Records a fault at this position, or in a part of it with this name.
    ///
    /// # Errors
    /// If more is wrong than is listed: nothing that follows would be reported.
    fn note<E: serde::de::Error>(
        &self,
        name: Option<&str>,
        code: &'static str,
        detail: String,
    ) -> Result<(), E> {
        let mut pointer = self.pointer();
        if let Some(name) = name {
            pointer.push('/');
            pointer.push_str(&escape(name));
        }
        let mut faults = self.faults.borrow_mut();
        faults.push(Fault::new(pointer, code, detail));
        if faults.has_more() {
            return Err(E::custom("too many faults"));
        }
        Ok(())
    }
}

/// Escapes a name as a segment of a JSON pointer (RFC 6901).
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Reads one value of this shape.
#[derive(Clone, Copy)]
struct Seed<'a> {
    reading: &'a Reading,
    shape: &'a Shape,
}

impl Seed<'_> {
    /// Reads a number of an integer field, which is never a float: `3600.0` is 3600.
    fn integer<E: serde::de::Error>(self, number: Number) -> Result<Value, E> {
        let Some((least, largest)) = self.shape.integer else {
            return Ok(Value::Number(number));
        };
        let whole = match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Some(whole),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "it is whole and within the integers that a float holds exactly"
            )]
            (None, Some(float)) if float.fract() == 0.0 && float.abs() <= EXACT => {
                Some(float as i64)
            }
            // The schema check reports that it is not an integer.
            (None, Some(float)) if float.fract() != 0.0 => return Ok(Value::Number(number)),
            (None, _) => None,
        };
        match whole.filter(|whole| (least..=largest).contains(whole)) {
            Some(whole) => Ok(whole.into()),
            None => {
                let detail = format!("{number} is not within {least} to {largest}");
                self.reading.note(None, "out_of_range", detail)?;
                Ok(Value::Null)
            }
        }
    }

    /// Reads a string, keeping no more than its field can contain.
    fn text<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        let Some(length) = self.shape.text else {
            return Ok(shorten(value).into());
        };
        if value.len() <= length.bytes() {
            return Ok(value.into());
        }
        if let super::shape::TextLength::Characters(most) = length {
            let detail = format!("has more than {most} characters");
            self.reading.note(None, "too_long", detail)?;
        }
        Ok(shorten(value).into())
    }
}

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

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        self.integer(value.into())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        self.integer(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("number out of range"))?;
        self.integer(number)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.text(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        let Some(expected) = &self.shape.items else {
            // No array is expected here: its type alone is reported.
            while access.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Value::Array(items));
        };
        loop {
            if items.len() == expected.most {
                // One more is too many, whatever it is.
                if access.next_element::<IgnoredAny>()?.is_none() {
                    break;
                }
                *self.reading.refusal.borrow_mut() =
                    Some(too_many_items(&self.reading.pointer(), expected.most));
                return Err(A::Error::custom("too many items"));
            }
            let seed = Seed {
                shape: &expected.shape,
                ..self
            };
            let segment = Segment::Index(items.len());
            let next = self
                .reading
                .within(segment, || access.next_element_seed(seed))?;
            let Some(item) = next else { break };
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let Self { reading, shape } = self;
        let mut map = Map::new();
        if !shape.is_object {
            while access.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Value::Object(map));
        }
        while let Some(key) = access.next_key_seed(KeySeed(shape))? {
            let (name, shape) = match key {
                Key::Known(name, shape) => (name, shape),
                Key::Unknown(name) => {
                    access.next_value::<IgnoredAny>()?;
                    let detail = format!("{name:?} is not a field of this object");
                    reading.note(Some(&name), "unknown_field", detail)?;
                    continue;
                }
            };
            if let Some(members) = &self.shape.members
                && map.len() == members.most
                && !map.contains_key(&name)
            {
                access.next_value::<IgnoredAny>()?;
                while access.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                let detail = format!("has more than {} fields", members.most);
                reading.note(None, "too_many_fields", detail)?;
                break;
            }
            let seed = Seed { reading, shape };
            let value =
                reading.within(Segment::Name(name.clone()), || access.next_value_seed(seed))?;
            if map.contains_key(&name) {
                let detail = format!("{:?} is given twice; which one is meant?", shorten(&name));
                reading.note(Some(&name), "duplicate_field", detail)?;
            }
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

fn too_many_items(pointer: &str, most: usize) -> Problem {
    let detail = format!("has more than {most} items; at most {most} are allowed");
    Problem::fault(pointer, "out_of_range", detail)
}
