//! One cell of a sheet, and what it displays.

use std::borrow::Cow;

use accunode_domain::text::unguard_formula;
use accunode_ports::files::{MarkKind, OpenError};
use quick_xml::{escape::unescape, events::BytesStart};

use super::{raised::Run, sheet::Shared, xml::unescaped};
use crate::fault;

/// The cell that is being read.
#[derive(Debug, Default)]
pub(super) struct CellInHand {
    pub(super) column: u32,
    pub(super) style: usize,
    pub(super) kind: String,
    pub(super) value: String,
    pub(super) inline: String,
    pub(super) has_value: bool,
    pub(super) has_formula: bool,
    /// Whether its formula fills other cells, too.
    pub(super) fills_others: bool,
}

/// The destination of the text that follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    #[default]
    Nowhere,
    Value,
    Inline,
}

impl CellInHand {
    pub(super) fn append(&mut self, place: Place, run: Run, piece: &str) {
        match place {
            Place::Value => self.value.push_str(piece),
            _ => run.push(&mut self.inline, piece),
        }
    }

    /// Returns the cell that begins, and its stated position. Most of the time of reading a
    /// workbook is spent on cells, so their attributes are read in one pass.
    pub(super) fn of(tag: &BytesStart<'_>) -> (Self, Option<String>) {
        let (mut reference, mut style, mut kind) = (None, None, None);
        for attribute in tag.attributes().with_checks(false).flatten() {
            let wanted = match attribute.key.local_name().as_ref() {
                "r" => &mut reference,
                "s" => &mut style,
                "t" => &mut kind,
                _ => continue,
            };
            if wanted.is_none() {
                *wanted = unescape(&attribute.value).ok().map(Cow::into_owned);
            }
        }
        let style = style.and_then(|style: String| style.trim().parse().ok());
        let cell = Self {
            style: style.unwrap_or(0),
            kind: kind.unwrap_or_default(),
            ..Self::default()
        };
        (cell, reference)
    }

    /// Returns what a cell displays, and its mark.
    ///
    /// # Errors
    /// `malformed_file` if it refers to a text that the workbook does not have.
    pub(super) fn shown(
        &self,
        row: u32,
        shared: &Shared,
    ) -> Result<(String, Option<MarkKind>), OpenError> {
        let kind = self.kind.as_str();
        let value = self.value.trim();
        let is_text = matches!(kind, "s" | "str" | "inlineStr");
        if value.is_empty() && !is_text {
            if !self.inline.is_empty() {
                return Ok(text(plain(&self.inline)));
            }
            let mark = self.has_formula.then_some(MarkKind::FormulaWithoutValue);
            return Ok((String::new(), mark));
        }
        let other = match kind {
            "s" if value.is_empty() => String::new(),
            "s" => {
                let index = value.parse().ok();
                let shared = index.and_then(|index| shared.strings.get(index));
                let Some(shared) = shared else {
                    return Err(fault::malformed(format!(
                        "row {}, column {} refers to a text that the workbook does not have",
                        row,
                        self.column + 1
                    )));
                };
                return Ok(text(unguard_formula(shared).into_owned()));
            }
            "inlineStr" if !self.inline.is_empty() => return Ok(text(plain(&self.inline))),
            "str" | "inlineStr" => {
                if self.has_formula && !self.has_value {
                    return Ok((String::new(), Some(MarkKind::FormulaWithoutValue)));
                }
                return Ok(text(plain(&self.value)));
            }
            "b" => match value {
                "1" | "true" => "TRUE".to_owned(),
                "0" | "false" => "FALSE".to_owned(),
                other => other.to_owned(),
            },
            "d" => value.strip_suffix("T00:00:00").unwrap_or(value).to_owned(),
            "e" => value.to_owned(),
            _ => return Ok(self.number(value, shared)),
        };
        Ok((other, None))
    }

    fn number(&self, value: &str, shared: &Shared) -> (String, Option<MarkKind>) {
        // A text that is not a number is returned as it is.
        let Some(n) = value.parse::<f64>().ok().filter(|n| n.is_finite()) else {
            return (value.to_owned(), None);
        };
        let mark = (self.has_formula && n == 0.0).then_some(MarkKind::FormulaZero);
        let shown = shared.styles.get(self.style);
        (shown.text(n, shared.is_1904), mark)
    }
}

fn plain(text: &str) -> String {
    unguard_formula(&unescaped(text)).into_owned()
}

/// Returns a text cell, with a mark if it may be a number whose decimal mark is not certain.
fn text(text: String) -> (String, Option<MarkKind>) {
    let has_separator = text.contains(['.', ',']) && text.contains(|c: char| c.is_ascii_digit());
    let mark = has_separator.then_some(MarkKind::Text);
    (text, mark)
}
