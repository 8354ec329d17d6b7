//! Identifiers that other institutions gave to companies: ISIN, LEI, FIGI, and VAT or other
//! national numbers. Identifiers with check digits are checked by them, so that a number with
//! a wrong digit is never taken for another company's.

mod national;

use serde::{Deserialize, Serialize};

use crate::fault::{Fault, shorten};

/// The kind of an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentifierKind {
    /// Identifies a security: ISO 6166, 12 characters, the last one a check digit.
    Isin,
    /// Identifies a legal entity: ISO 17442, 20 characters, the last two check digits.
    Lei,
    /// Identifies a financial instrument: OMG, 12 characters, the last one a check digit.
    Figi,
    /// A VAT number or another number of a national register, 4 to 32 letters and digits.
    NationalId,
}

impl IdentifierKind {
    /// Every kind, in the order of their columns.
    pub const ALL: [Self; 4] = [Self::Isin, Self::Lei, Self::Figi, Self::NationalId];

    /// Returns the name of its field, its column and its column in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Isin => "isin",
            Self::Lei => "lei",
            Self::Figi => "figi",
            Self::NationalId => "national_id",
        }
    }

    /// Returns the rule for its form, in words.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Isin => {
                "an ISIN has 12 characters, two letters first and a check digit last, like US0378331005"
            }
            Self::Lei => {
                "an LEI has 20 characters, two check digits last, like HWUPKR0MPOU8FGXBT394"
            }
            Self::Figi => {
                "a FIGI has 12 characters, G as the third and a check digit last, like BBG000B9XRY4"
            }
            Self::NationalId => {
                "a national number has 4 to 32 letters and digits, at least one digit, and a VAT \
                 number with its country's letters the right check digits, like DE136695976"
            }
        }
    }

    /// Returns the identifier as it is stored: in capitals, without blanks, and a national
    /// number without punctuation.
    ///
    /// # Errors
    /// The [rule](Self::rule), if the text is not such an identifier or its check digits are
    /// wrong.
    pub fn read(self, text: &str) -> Result<String, &'static str> {
        let is_between = |c: char| match self {
            Self::NationalId => c.is_whitespace() || ".-/".contains(c),
            _ => c.is_whitespace(),
        };
        let plain: String = text
            .chars()
            .filter(|c| !is_between(*c))
            .take(MOST + 1)
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let is_sound = match self {
            Self::Isin => isin::parse(&plain).is_ok(),
            Self::Lei => lei::parse(&plain).is_ok(),
            Self::Figi => is_figi(&plain),
            Self::NationalId => national::is_sound(&plain),
        };
        if is_sound {
            Ok(plain)
        } else {
            Err(self.rule())
        }
    }
}

/// The longest identifier, in characters.
const MOST: usize = 32;

/// Returns whether the text is a FIGI: two consonants that are not a country's letters, `G`,
/// eight consonants or digits, and a check digit.
fn is_figi(text: &str) -> bool {
    const RESERVED: [&str; 7] = ["BS", "BM", "GG", "GB", "GH", "KY", "VG"];
    let bytes = text.as_bytes();
    if bytes.len() != 12 || bytes[2] != b'G' || RESERVED.contains(&&text[..2]) {
        return false;
    }
    let is_consonant = |b: &u8| b.is_ascii_uppercase() && !b"AEIOU".contains(b);
    let body_is_sound = bytes[..2].iter().all(is_consonant)
        && bytes[3..11]
            .iter()
            .all(|b| is_consonant(b) || b.is_ascii_digit());
    body_is_sound && figi_check_digit(&bytes[..11]) == bytes[11]
}

/// Computes the check digit: every second character counts twice, and the digits of the
/// results are added.
fn figi_check_digit(body: &[u8]) -> u8 {
    let value = |b: u8| {
        u32::from(if b.is_ascii_digit() {
            b - b'0'
        } else {
            b - b'A' + 10
        })
    };
    let sum: u32 = body
        .iter()
        .enumerate()
        .map(|(at, b)| value(*b) * if at % 2 == 1 { 2 } else { 1 })
        .map(|n| n / 10 + n % 10)
        .sum();
    b'0' + u8::try_from((10 - sum % 10) % 10).unwrap_or_default()
}

/// The identifiers of a company.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the kinds")]
pub struct Identifiers {
    pub isin: Option<String>,
    pub lei: Option<String>,
    pub figi: Option<String>,
    pub national_id: Option<String>,
}

impl Identifiers {
    /// Returns the identifier of a kind.
    #[must_use]
    pub fn of(&self, kind: IdentifierKind) -> Option<&str> {
        match kind {
            IdentifierKind::Isin => self.isin.as_deref(),
            IdentifierKind::Lei => self.lei.as_deref(),
            IdentifierKind::Figi => self.figi.as_deref(),
            IdentifierKind::NationalId => self.national_id.as_deref(),
        }
    }

    /// Creates the identifiers by calling `one` for each kind.
    pub fn each(mut one: impl FnMut(IdentifierKind) -> Option<String>) -> Self {
        Self {
            isin: one(IdentifierKind::Isin),
            lei: one(IdentifierKind::Lei),
            figi: one(IdentifierKind::Figi),
            national_id: one(IdentifierKind::NationalId),
        }
    }

    /// Returns the identifiers as they are stored. An empty one is omitted, and one that is
    /// stored already stays as it is.
    ///
    /// # Errors
    /// `invalid_identifier` for each that does not follow its rule, with pointers `/isin` and
    /// so on.
    pub fn check(&self, stored: &Self) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let checked = Self::each(|kind| {
            let text = self.of(kind).filter(|text| !text.trim().is_empty())?;
            if stored.of(kind) == Some(text) {
                return Some(text.to_owned());
            }
            let refused = |rule| {
                Fault::new(
                    format!("/{}", kind.as_str()),
                    "invalid_identifier",
                    format!("{:?}: {rule}", shorten(text)),
                )
            };
            let read = kind.read(text);
            read.map_err(|rule| faults.push(refused(rule))).ok()
        });
        if faults.is_empty() {
            Ok(checked)
        } else {
            Err(faults)
        }
    }

    /// Returns the identifiers that a text may be, as they are stored, so that a search for
    /// an identifier finds it. A national number must have at least four digits here, so that
    /// a name is never taken for one.
    #[must_use]
    pub fn meant_by(text: &str) -> Self {
        Self::each(|kind| {
            let read = kind.read(text).ok()?;
            let digits = read.bytes().filter(u8::is_ascii_digit).count();
            (kind != IdentifierKind::NationalId || digits >= 4).then_some(read)
        })
    }
}

/// Changes of a company's identifiers: `None` keeps one, `Some(None)` empties it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the identifiers")]
pub struct IdentifierChanges {
    pub isin: Option<Option<String>>,
    pub lei: Option<Option<String>>,
    pub figi: Option<Option<String>>,
    pub national_id: Option<Option<String>>,
}

impl IdentifierChanges {
    /// Returns the stored identifiers with the changes applied.
    #[must_use]
    pub fn of(&self, stored: &Identifiers) -> Identifiers {
        Identifiers::each(|kind| {
            let change = match kind {
                IdentifierKind::Isin => &self.isin,
                IdentifierKind::Lei => &self.lei,
                IdentifierKind::Figi => &self.figi,
                IdentifierKind::NationalId => &self.national_id,
            };
            match change {
                Some(new) => new.clone(),
                None => stored.of(kind).map(str::to_owned),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_normalized_as_files_write_them() {
        for (kind, text, stored) in [
            (IdentifierKind::Isin, "us0378331005", "US0378331005"),
            (IdentifierKind::Isin, " DE000 7164600 ", "DE0007164600"),
            (
                IdentifierKind::Lei,
                "hwupkr0mpou8fgxbt394",
                "HWUPKR0MPOU8FGXBT394",
            ),
            (
                IdentifierKind::Lei,
                "5493006MHB84DD0ZWV18",
                "5493006MHB84DD0ZWV18",
            ),
            (IdentifierKind::Figi, "BBG000B9XRY4", "BBG000B9XRY4"),
            (IdentifierKind::Figi, "bbg000blnnh6", "BBG000BLNNH6"),
            (IdentifierKind::NationalId, "DE 136 695 976", "DE136695976"),
            (IdentifierKind::NationalId, "0000320193", "0000320193"),
            (IdentifierKind::NationalId, "HRB 42243-B", "HRB42243B"),
        ] {
            assert_eq!(kind.read(text).as_deref(), Ok(stored), "{text}");
        }
    }

    #[test]
    fn identifier_with_one_wrong_character_is_refused() {
        for (kind, sound) in [
            (IdentifierKind::Isin, "US0378331005"),
            (IdentifierKind::Lei, "HWUPKR0MPOU8FGXBT394"),
            (IdentifierKind::Figi, "BBG000B9XRY4"),
            (IdentifierKind::NationalId, "DE136695976"),
        ] {
            for at in sound.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
                let digit = (u32::from(at.1) - u32::from('0') + 1) % 10;
                let mut wrong = sound.to_owned();
                wrong.replace_range(at.0..=at.0, &digit.to_string());
                assert!(kind.read(&wrong).is_err(), "{wrong}");
            }
        }
        for text in [
            "",
            "US",
            "AAPL",
            "US037833100",
            "US03783310055",
            "ÜS0378331005",
        ] {
            for kind in [
                IdentifierKind::Isin,
                IdentifierKind::Lei,
                IdentifierKind::Figi,
            ] {
                assert!(kind.read(text).is_err(), "{text}");
            }
        }
        for text in ["", "-", "ABCD", "123", "№12345", &"1".repeat(33)] {
            assert!(IdentifierKind::NationalId.read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn invalid_identifiers_are_named_by_field_unless_already_stored() {
        let sent = Identifiers {
            isin: Some("US0378331006".into()),
            lei: Some(" ".into()),
            figi: Some("x".into()),
            national_id: Some("old-1".into()),
        };
        let pointers = |stored: &Identifiers| {
            let faults = sent.check(stored).unwrap_err().into_iter();
            faults.map(|fault| fault.pointer).collect::<Vec<_>>()
        };
        assert_eq!(pointers(&Identifiers::default()), ["/isin", "/figi"]);
        let stored = Identifiers {
            figi: Some("x".into()),
            ..Identifiers::default()
        };
        assert_eq!(pointers(&stored), ["/isin"]);
    }

    #[test]
    fn search_text_is_matched_as_an_identifier_when_valid() {
        let found = Identifiers::meant_by("us0378331005");
        assert_eq!(found.isin.as_deref(), Some("US0378331005"));
        assert_eq!(found.lei, None);
        assert_eq!(Identifiers::meant_by("Acme 24"), Identifiers::default());
    }
}
