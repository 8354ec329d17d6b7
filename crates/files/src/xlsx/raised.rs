//! Superscript and subscript runs of rich text: spreadsheets store a footnote mark as the digit
//! that it shows, so that 9 with the footnote 2 would be read as 92.

use quick_xml::events::BytesStart;

use super::xml::attribute;

/// Where the text of the current run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Run {
    #[default]
    OnTheLine,
    Superscript,
    Subscript,
}

impl Run {
    /// Reads a `vertAlign` element of a run.
    pub(super) fn of(tag: &BytesStart<'_>) -> Self {
        match attribute(tag, "val").as_deref() {
            Some("superscript") => Self::Superscript,
            Some("subscript") => Self::Subscript,
            _ => Self::OnTheLine,
        }
    }

    /// Appends the run's text. Raised and lowered digits and letters are those of Unicode, as
    /// they are where a cell has no runs: readers tell them from the value.
    pub(super) fn push(self, to: &mut String, text: &str) {
        match self {
            Self::OnTheLine => to.push_str(text),
            Self::Superscript => to.extend(text.chars().map(superscript)),
            Self::Subscript => to.extend(text.chars().map(subscript)),
        }
    }
}

fn superscript(c: char) -> char {
    match c {
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '0' | '4'..='9' => shifted('\u{2070}', c),
        'a'..='z' | 'A'..='Z' => letter(c),
        other => other,
    }
}

fn subscript(c: char) -> char {
    match c {
        '0'..='9' => shifted('\u{2080}', c),
        'a'..='z' | 'A'..='Z' => letter(c),
        other => other,
    }
}

fn shifted(zero: char, digit: char) -> char {
    let value = digit.to_digit(10).unwrap_or_default();
    char::from_u32(u32::from(zero) + value).unwrap_or(digit)
}

/// Letters have no complete alphabet of either kind; those that have none are shown by a mark
/// that is part of no number and no symbol.
fn letter(c: char) -> char {
    const RAISED: [char; 26] = [
        'ᵃ', 'ᵇ', 'ᶜ', 'ᵈ', 'ᵉ', 'ᶠ', 'ᵍ', 'ʰ', 'ⁱ', 'ʲ', 'ᵏ', 'ˡ', 'ᵐ', 'ⁿ', 'ᵒ', 'ᵖ', '†', 'ʳ',
        'ˢ', 'ᵗ', 'ᵘ', 'ᵛ', 'ʷ', 'ˣ', 'ʸ', 'ᶻ',
    ];
    let position = c.to_ascii_lowercase() as usize - 'a' as usize;
    RAISED.get(position).copied().unwrap_or('†')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn superscript_digits_are_not_digits_of_a_value() {
        let mut text = "9.98".to_owned();
        Run::Superscript.push(&mut text, "12");
        Run::Subscript.push(&mut text, "0a");
        assert_eq!(text, "9.98¹²₀ᵃ");
        assert!(!text[4..].chars().any(|c| c.is_ascii_alphanumeric()));
    }
}
