//! Rows in the text form of COPY.

use std::fmt::{Display, Write};

use accunode_domain::decimal::Decimal;

/// A buffer of rows.
#[derive(Debug, Default)]
pub(super) struct CopyText {
    text: String,
    in_row: bool,
}

impl CopyText {
    /// Adds a value whose text needs no escape: numbers, UUIDs.
    pub(super) fn plain(&mut self, value: impl Display) -> &mut Self {
        self.next();
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{value}");
        self
    }

    /// Adds a decimal number, or NULL.
    pub(super) fn decimal(&mut self, value: Option<&Decimal>) -> &mut Self {
        match value {
            Some(value) => self.plain(value),
            None => self.plain("\\N"),
        }
    }

    /// Adds a text.
    pub(super) fn text(&mut self, value: &str) -> &mut Self {
        self.next();
        self.escape(value);
        self
    }

    /// Adds a `text[]`.
    pub(super) fn texts(&mut self, values: &[String]) -> &mut Self {
        let quoted: Vec<_> = values
            .iter()
            .map(|value| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")))
            .collect();
        self.text(&format!("{{{}}}", quoted.join(",")))
    }

    /// Ends a row.
    pub(super) fn end(&mut self) {
        self.text.push('\n');
        self.in_row = false;
    }

    /// Returns the whole text.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }

    fn next(&mut self) {
        if self.in_row {
            self.text.push('\t');
        }
        self.in_row = true;
    }

    fn escape(&mut self, value: &str) {
        for c in value.chars() {
            match c {
                '\\' => self.text.push_str("\\\\"),
                '\t' => self.text.push_str("\\t"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                // PostgreSQL's text cannot contain a null character.
                '\0' => self.text.push('\u{fffd}'),
                c => self.text.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_text_escapes_special_characters() {
        let mut copy = CopyText::default();
        copy.text("a\tb\\N\nc")
            .decimal(None)
            .decimal(Some(&Decimal::rounded(0.25)))
            .texts(&["x\"y\\".to_owned()]);
        copy.end();
        assert_eq!(
            String::from_utf8(copy.into_bytes()).unwrap(),
            "a\\tb\\\\N\\nc\t\\N\t0.2500\t{\"x\\\\\"y\\\\\\\\\"}\n"
        );
    }
}
