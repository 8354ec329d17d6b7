//! Text that users send: normalised, and without characters that are invisible or imitate
//! others.
//!
//! Everything that is shown to another user passes through [`clean_text`] (one line),
//! [`clean_prose`] (several lines) or [`clean_name`] (names in mails). Text that was stored
//! before a rule existed is read unchanged; only a change is checked.

mod formula;
mod link;
mod lookalike;

pub use formula::{guard_formula, unguard_formula};
pub use link::{defang, looks_like_link};
pub use lookalike::{is_deceptive, lookalike_key};

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::fault::{Fault, shorten};

/// Cleans a text of one line as entered by a user: trimmed, in Unicode's composed form
/// (NFC), every kind of space as a plain one, 1 to `max` characters long.
///
/// # Errors
/// `required`, `too_long`; `control_character`, or `forbidden_character` for one that is
/// not visible or has no meaning of its own: format and bidirectional controls, zero-width,
/// private-use and unassigned characters.
pub fn clean_text(pointer: &str, value: &str, max: usize) -> Result<String, Fault> {
    let value = value.trim();
    if let Some(fault) = forbidden(pointer, value, false) {
        return Err(fault);
    }
    let spaced = value.chars().map(plain_space);
    sized(pointer, spaced.nfc().collect(), max)
}

/// As [`clean_text`], for a text that may have several lines and tabs.
///
/// # Errors
/// As [`clean_text`].
pub fn clean_prose(pointer: &str, value: &str, max: usize) -> Result<String, Fault> {
    let value = value.trim();
    if let Some(fault) = forbidden(pointer, value, true) {
        return Err(fault);
    }
    let lines = value.replace("\r\n", "\n");
    sized(pointer, lines.nfc().collect(), max)
}

/// Cleans a name that is used in mails and beside other names: [`clean_text`] without
/// anything of which a mail program would make a link.
///
/// # Errors
/// As [`clean_text`]; `link_in_name`.
pub fn clean_name(pointer: &str, value: &str, max: usize) -> Result<String, Fault> {
    let name = clean_text(pointer, value, max)?;
    if looks_like_link(&name) {
        return Err(Fault::new(
            pointer,
            "link_in_name",
            "must not look like a link or a domain: leave out http, www. and names such as \
             example.com, and put a space after the dot of an abbreviation",
        ));
    }
    Ok(name)
}

fn sized(pointer: &str, text: String, max: usize) -> Result<String, Fault> {
    if text.is_empty() {
        return Err(Fault::new(pointer, "required", "must not be empty"));
    }
    let length = text.chars().count();
    if length > max {
        return Err(Fault::new(
            pointer,
            "too_long",
            format!(
                "{:?} has {length} characters; at most {max} are allowed",
                shorten(&text)
            ),
        ));
    }
    Ok(text)
}

/// Returns a fault for the first forbidden character of a text. The text is not repeated:
/// it may have been meant for another field, and the character may be invisible.
fn forbidden(pointer: &str, text: &str, lines: bool) -> Option<Fault> {
    let (at, c, rule) = text.chars().enumerate().find_map(|(at, c)| {
        if lines && matches!(c, '\n' | '\r' | '\t') {
            return None;
        }
        refusal(c).map(|rule| (at + 1, c, rule))
    })?;
    let code = match rule {
        Refusal::Control => "control_character",
        _ => "forbidden_character",
    };
    Some(Fault::new(
        pointer,
        code,
        format!(
            "character {at} is U+{:04X}, {}; use visible characters only",
            u32::from(c),
            rule.words()
        ),
    ))
}

/// Returns the fault of a text with a character that [`clean_prose`] refuses.
#[must_use]
pub fn forbidden_prose(pointer: &str, text: &str) -> Option<Fault> {
    forbidden(pointer, text, true)
}

/// Returns whether a text has a character that [`clean_text`] refuses.
#[must_use]
pub fn has_forbidden(text: &str) -> bool {
    text.chars().any(|c| refusal(c).is_some())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Control,
    Format,
    Invisible,
    PrivateUse,
    Unassigned,
    Separator,
}

impl Refusal {
    const fn words(self) -> &'static str {
        match self {
            Self::Control => "a control character",
            Self::Format => "a format or bidirectional control",
            Self::Invisible => "a character that is not visible",
            Self::PrivateUse => "a character of private use",
            Self::Unassigned => "no character of Unicode",
            Self::Separator => "a line or paragraph separator",
        }
    }
}

fn refusal(c: char) -> Option<Refusal> {
    // Fast path: nearly all text is ASCII.
    if matches!(c, ' '..='~') {
        return None;
    }
    match c.general_category() {
        GeneralCategory::Control => Some(Refusal::Control),
        GeneralCategory::Format => Some(Refusal::Format),
        GeneralCategory::PrivateUse => Some(Refusal::PrivateUse),
        GeneralCategory::Unassigned | GeneralCategory::Surrogate => Some(Refusal::Unassigned),
        GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => {
            Some(Refusal::Separator)
        }
        _ if is_invisible(c) => Some(Refusal::Invisible),
        _ => None,
    }
}

/// Returns whether a character of another category is invisible: the rest of Unicode's
/// `Default_Ignorable_Code_Point`, and the empty Braille pattern.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{34F}'
            | '\u{115F}'
            | '\u{1160}'
            | '\u{17B4}'
            | '\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FFA0}'
            | '\u{E0100}'..='\u{E01EF}'
    )
}

fn plain_space(c: char) -> char {
    if c.general_category() == GeneralCategory::SpaceSeparator {
        ' '
    } else {
        c
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_byte_in_a_name_is_refused() {
        let fault = clean_text("/company/name", "Ac\0me", 200).unwrap_err();
        assert_eq!(
            (fault.pointer.as_str(), fault.code.as_str()),
            ("/company/name", "control_character")
        );
        assert!(
            fault.detail.contains("character 3 is U+0000"),
            "{}",
            fault.detail
        );
    }

    #[test]
    fn text_length_counts_characters() {
        let clean = clean_text("/n", &"ł".repeat(10), 10).unwrap();
        assert_eq!(clean.chars().count(), 10);
        assert_eq!(
            clean_text("/n", &"ł".repeat(11), 10).unwrap_err().code,
            "too_long"
        );
    }

    #[test]
    fn invisible_characters_are_refused() {
        for c in [
            '\u{200B}',
            '\u{200D}',
            '\u{200E}',
            '\u{202E}',
            '\u{2066}',
            '\u{2069}',
            '\u{FEFF}',
            '\u{AD}',
            '\u{61C}',
            '\u{2060}',
            '\u{E0041}',
            '\u{E000}',
            '\u{FFFE}',
            '\u{378}',
            '\u{2028}',
            '\u{2029}',
            '\u{3164}',
            '\u{FE0F}',
            '\u{34F}',
            '\u{2800}',
            '\u{FFF9}',
        ] {
            for text in [format!("Acme{c}Bank"), format!("{c}")] {
                for clean in [clean_text, clean_prose, clean_name] {
                    // The characters that `trim` removes are gone, and the text is empty
                    // then.
                    let code = clean("/n", &text, 100).unwrap_err().code;
                    assert!(
                        ["forbidden_character", "required"].contains(&code.as_str()),
                        "U+{:04X}: {code}",
                        u32::from(c)
                    );
                }
            }
            assert!(has_forbidden(&format!("a{c}")));
        }
    }

    #[test]
    fn text_is_normalized_to_one_form() {
        // Composed and decomposed forms, plain and other spaces.
        assert_eq!(
            clean_text("/n", "Soci\u{65}\u{301}te\u{301}", 10).unwrap(),
            "Société"
        );
        assert_eq!(
            clean_text("/n", "\u{A0}A\u{A0}B\u{3000}C ", 10).unwrap(),
            "A B C"
        );
        assert_eq!(
            clean_prose("/n", "one\r\n\ttwo\n", 10).unwrap(),
            "one\n\ttwo"
        );
        for text in [
            "Żółć S.A.",
            "株式会社トヨタ",
            "שלום",
            "Ö&Ä ½ №1 – “x”",
            "مصرف",
        ] {
            assert_eq!(clean_text("/n", text, 40).unwrap(), text);
        }
    }
}
