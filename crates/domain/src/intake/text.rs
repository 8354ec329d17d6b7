//! Text of cells and headers, compared as a reader compares it.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Whether a character is not seen and has no width: format and bidirectional controls,
/// zero-width characters, byte order marks, control characters.
#[must_use]
pub(super) fn is_unseen(c: char) -> bool {
    !matches!(c, ' '..='~')
        && !c.is_whitespace()
        && matches!(
            c.general_category(),
            GeneralCategory::Format | GeneralCategory::Control
        )
}

/// Whether a character is a digit that is no part of a number: superscripts and subscripts,
/// digits in circles, fractions. Compatibility forms would make ordinary digits of them, and
/// 72 of `7²`.
#[must_use]
pub(super) fn is_footnote_mark(c: char) -> bool {
    !c.is_ascii() && c.general_category() == GeneralCategory::OtherNumber
}

/// A text without unseen characters, trimmed, every run of blanks as one space.
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

/// How many characters of a cell are looked at where the name of a column is expected: none
/// is longer, and a stranger's cells may be.
const LONGEST_NAME: usize = 200;

/// A cell as the name of a column.
#[must_use]
pub(super) fn name_in(cell: &str) -> String {
    let end = cell.char_indices().nth(LONGEST_NAME);
    squeezed(&cell[..end.map_or(cell.len(), |(at, _)| at)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_unseen_characters_make_no_difference() {
        assert_eq!(
            squeezed("\u{feff} return\u{200b}\u{a0} on\n assets "),
            "return on assets"
        );
        assert_eq!(squeezed("\u{200b}\u{a0}"), "");
    }
}
