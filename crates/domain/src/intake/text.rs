//! Text of cells and headers, normalised so that texts that look equal are equal.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Returns whether a character is invisible and has no width: format and bidirectional
/// controls, zero-width characters, byte order marks, control characters.
#[must_use]
pub(super) fn is_unseen(c: char) -> bool {
    !matches!(c, ' '..='~')
        && !c.is_whitespace()
        && matches!(
            c.general_category(),
            GeneralCategory::Format | GeneralCategory::Control
        )
}

/// Returns whether a character is a digit that is not part of a number: superscripts and
/// subscripts, digits in circles, fractions. Compatibility normalisation would turn them
/// into ordinary digits, and `7²` into 72.
#[must_use]
pub(super) fn is_footnote_mark(c: char) -> bool {
    !c.is_ascii() && c.general_category() == GeneralCategory::OtherNumber
}

/// Returns a text without invisible characters, trimmed, with every run of blanks as one
/// space.
#[must_use]
pub(super) fn squeezed(text: &str) -> String {
    let mut squeezed = String::with_capacity(text.len());
    let mut blank = false;
    for c in text.chars().filter(|c| !is_unseen(*c)) {
        if c.is_whitespace() {
            blank = !squeezed.is_empty();
        } else {
            if blank {
                squeezed.push(' ');
                blank = false;
            }
            squeezed.push(c);
        }
    }
    squeezed
}

/// The number of characters of a cell that are read where the name of a column is expected: no name
/// is longer, but the cells of an untrusted file may be.
const LONGEST_NAME: usize = 200;

/// Returns a cell as the name of a column.
#[must_use]
pub(super) fn name_in(cell: &str) -> String {
    let end = cell.char_indices().nth(LONGEST_NAME);
    squeezed(&cell[..end.map_or(cell.len(), |(at, _)| at)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whitespace_and_invisible_characters_are_squeezed() {
        assert_eq!(
            squeezed("\u{feff} return\u{200b}\u{a0} on\n assets "),
            "return on assets"
        );
        assert_eq!(squeezed("\u{200b}\u{a0}"), "");
    }
}
