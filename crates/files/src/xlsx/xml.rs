//! Reads the XML of a part, event by event.

use std::io::BufRead;

use accunode_ports::files::OpenError;
use quick_xml::{
    Reader,
    escape::unescape,
    events::{BytesRef, BytesStart, Event},
};

use crate::fault;

/// The events of one part.
pub(super) struct Xml<R> {
    reader: Reader<R>,
    buffer: Vec<u8>,
    /// The name of the part in a fault.
    name: String,
}

impl<R: BufRead> Xml<R> {
    pub(super) fn new(input: R, name: &str) -> Self {
        Self {
            reader: Reader::from_reader(input),
            buffer: Vec::new(),
            name: accunode_domain::fault::shorten(name),
        }
    }

    /// Returns the next event.
    pub(super) fn next(&mut self) -> Result<Event<'_>, OpenError> {
        self.buffer.clear();
        self.reader
            .read_event_into(&mut self.buffer)
            .map_err(|error| {
                fault::malformed(format!(
                    "the workbook's part {} is damaged: {error}",
                    self.name
                ))
            })
    }

    /// Returns the error for a part that is not as it should be.
    pub(super) fn damaged(&self, what: impl std::fmt::Display) -> OpenError {
        fault::malformed(format!(
            "the workbook's part {} is damaged: {what}",
            self.name
        ))
    }
}

/// Returns the value of an attribute, by its name without a prefix.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag
        .attributes()
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == name)?;
    Some(unescape(&found.value).ok()?.into_owned())
}

/// Returns whether an attribute is set to true.
pub(super) fn is_set(tag: &BytesStart<'_>, name: &str) -> bool {
    attribute(tag, name).is_some_and(|value| matches!(value.trim(), "1" | "true" | "on"))
}

/// Returns the character of a reference in a text.
pub(super) fn referenced(reference: &BytesRef<'_>) -> Option<char> {
    match reference.resolve_char_ref() {
        Ok(Some(c)) => Some(c),
        Ok(None) => match &**reference {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "apos" => Some('\''),
            "quot" => Some('"'),
            _ => None,
        },
        Err(_) => None,
    }
}

/// Returns a text in which characters that XML cannot contain are written as `_x000D_`.
pub(super) fn unescaped(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains("_x") {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let (before, behind) = rest.split_at(at);
        plain.push_str(before);
        let code = behind
            .get(2..6)
            .filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()))
            .filter(|_| behind.get(6..7) == Some("_"))
            .and_then(|code| u32::from_str_radix(code, 16).ok())
            .and_then(char::from_u32);
        match code {
            Some(c) => {
                plain.push(c);
                rest = behind.get(7..).unwrap_or_default();
            }
            None => {
                plain.push_str("_x");
                rest = behind.get(2..).unwrap_or_default();
            }
        }
    }
    plain.push_str(rest);
    plain.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_escapes_of_control_characters_are_decoded() {
        for (text, plain) in [
            ("a_x000D_b", "a\rb"),
            ("a_x005F_x000D_b", "a_x000D_b"),
            ("_x41_ _x00G1_ _xD800_ _x", "_x41_ _x00G1_ _xD800_ _x"),
            ("plain", "plain"),
            ("_xé", "_xé"),
        ] {
            assert_eq!(unescaped(text), plain, "{text}");
        }
    }
}
