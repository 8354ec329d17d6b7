//! Numbers as spreadsheets, vendors and users write them.
//!
//! [`NumberText::read`] parses a cell without deciding what a lone comma or point between digits
//! means. That is decided once for a file ([`Separators`]), because `1,234` is a different
//! number in files of different origin.

mod missing;

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};
use unicode_normalization::UnicodeNormalization;

use super::text::{is_footnote_mark, is_unseen};
use crate::{decimal::Decimal, fault::text_enum};

pub use missing::{MISSING_MARKS, says_missing};

/// The decimal mark of a file's numbers, as its sender states it.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum DecimalMark {
    /// `1,234.5`
    Point,
    /// `1.234,5`
    Comma,
}

text_enum!(DecimalMark);

/// The separator between the integer part and the decimals in a file's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Separators {
    /// `1,234.5`
    #[default]
    Point,
    /// `1.234,5`
    Comma,
}

/// What a cell reveals about the separators of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// Nothing: there is no separator.
    None,
    /// It can only be read with a decimal point: `0.41`, `1,234.5`, `1,234,567`.
    Point,
    /// It can only be read with a decimal comma: `0,41`, `1.234,5`, `1.234.567`.
    Comma,
    /// `1,234`: a thousand in one kind of file, about 1.2 in another.
    LoneComma,
    /// `1.234`: the reverse.
    LonePoint,
}

/// The reason why a cell contains no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotANumber {
    /// An error of a spreadsheet that means that the sheet is broken: `#REF!`, `#VALUE!`,
    /// `#NAME?`, `#NUM!`, `#NULL!`.
    BrokenCell,
    /// `inf`, `Infinity`: a division by zero that a program did not notice.
    Infinite,
    /// A superscript, a subscript or the like: `7²` is a footnote and not 72.
    Footnote,
    /// Anything else.
    Text,
}

/// The unit sign of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// `41.2%`
    Percent,
    /// `4.5‰`
    PerMille,
    /// `45 bp`
    BasisPoints,
    /// `7.4x`, `7.4 times`, `7.4:1`
    Times,
}

impl Sign {
    /// The signs as they are written after a number.
    const WRITTEN: [(&str, Self); 8] = [
        ("%", Self::Percent),
        ("‰", Self::PerMille),
        ("bps", Self::BasisPoints),
        ("bp", Self::BasisPoints),
        ("x", Self::Times),
        ("times", Self::Times),
        (": 1", Self::Times),
        (":1", Self::Times),
    ];

    /// The number of decimal places from this unit to fractions or multiples.
    pub(super) const fn places(self) -> i64 {
        match self {
            Self::Times => 0,
            Self::Percent => 2,
            Self::PerMille => 3,
            Self::BasisPoints => 4,
        }
    }
}

/// How the separators of one file's numbers are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Reading {
    pub(super) separators: Separators,
    /// Whether `1,234` is read, and whether `1.234` is: with these separators, or not at all.
    pub(super) lone_commas: bool,
    pub(super) lone_points: bool,
}

impl Reading {
    /// The number cells of a workbook, which are never ambiguous.
    pub(super) const CELL: Self = Self {
        separators: Separators::Point,
        lone_commas: true,
        lone_points: true,
    };

    /// Returns a number as a decimal if the file makes certain how it is read.
    pub(super) fn decimal(self, number: &NumberText) -> Option<String> {
        match number.evidence() {
            Evidence::LoneComma if !self.lone_commas => None,
            Evidence::LonePoint if !self.lone_points => None,
            _ => number.decimal(self.separators),
        }
    }
}

/// A cell with a number, split into its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NumberText {
    negative: bool,
    /// Digits and separators only.
    body: String,
    exponent: i32,
    /// The unit sign after the number, if there is one.
    pub(super) sign: Option<Sign>,
}

/// The content of a cell in which a number is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// Nothing, or a mark that means a missing value.
    Missing,
    /// A number.
    Number(NumberText),
    /// Anything else.
    Other(NotANumber),
}

/// Currency signs that may be written beside an amount.
pub(super) const CURRENCIES: [char; 5] = ['$', '€', '£', '¥', '₹'];

/// Errors of a spreadsheet that mean a broken sheet.
const BROKEN: [&str; 10] = [
    "#ref!",
    "#value!",
    "#name?",
    "#num!",
    "#null!",
    "#spill!",
    "#calc!",
    "#field!",
    "#blocked!",
    "#getting_data",
];

/// The longest text that is parsed; no number is longer.
const LONGEST: usize = Decimal::MAX_LENGTH;

impl Cell {
    /// Parses a cell.
    #[must_use]
    pub(super) fn read(text: &str) -> Self {
        let text = text.trim();
        if let Some(number) = NumberText::plain(text) {
            return Self::Number(number);
        }
        if says_missing(text) {
            return Self::Missing;
        }
        NumberText::read(text).map_or_else(Self::Other, Self::Number)
    }
}

impl NumberText {
    /// Parses the form that programs write, which nearly all cells have: `-12.5e-3`.
    fn plain(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (body, exponent) = match rest.split_once(['e', 'E']) {
            Some((body, exponent)) => (body, exponent.parse().ok()?),
            None => (rest, 0),
        };
        let is_plain = !body.is_empty()
            && body.len() <= LONGEST
            && body.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && body.bytes().filter(|b| *b == b'.').count() <= 1
            && body.len() > usize::from(body.contains('.'));
        is_plain.then(|| Self {
            negative,
            body: body.to_owned(),
            exponent,
            sign: None,
        })
    }

    /// Parses signs, brackets, blanks, currency and unit signs; separators are kept.
    fn read(text: &str) -> Result<Self, NotANumber> {
        if text.chars().count() > LONGEST {
            return Err(NotANumber::Text);
        }
        if text.chars().any(is_footnote_mark) {
            return Err(NotANumber::Footnote);
        }
        let text: String = text
            .nfkc()
            .filter(|c| !is_unseen(*c))
            .map(plain_character)
            .collect();
        let lower = text.trim().to_lowercase();
        if BROKEN.contains(&lower.as_str()) || lower.starts_with("#getting_data") {
            return Err(NotANumber::BrokenCell);
        }
        if matches!(
            lower.trim_start_matches(['+', '-']),
            "inf" | "infinity" | "∞"
        ) {
            return Err(NotANumber::Infinite);
        }
        let mut rest = lower.as_str();
        let mut negative = false;
        // "$(0.05)": the currency is outside the brackets.
        let bare = rest.trim_start_matches(CURRENCIES).trim_start();
        if bare.starts_with('(') {
            rest = bare;
        }
        if let Some(inner) = rest.strip_prefix('(') {
            // "(2.7%)" and "(2.7)%" both occur.
            let (inner, behind) = inner.split_once(')').ok_or(NotANumber::Text)?;
            let joined = format!("{}{}", inner.trim(), behind.trim());
            let number = Self::signed(&joined, false)?;
            // "(-0.05)" has the sign twice and is negative once.
            let is_sound = behind.trim_matches([' ', '%', '‰', 'x']).is_empty();
            return if is_sound {
                Ok(Self {
                    negative: true,
                    ..number
                })
            } else {
                Err(NotANumber::Text)
            };
        }
        if let Some(stripped) = rest.strip_suffix('-') {
            // "5-", as accounting systems write it.
            rest = stripped.trim_end();
            negative = true;
        }
        Self::signed(rest, negative)
    }

    fn signed(text: &str, trailing_minus: bool) -> Result<Self, NotANumber> {
        let mut rest = text.trim();
        let mut sign = None;
        for (suffix, meaning) in Sign::WRITTEN {
            if let Some(stripped) = rest.strip_suffix(suffix) {
                rest = stripped.trim_end();
                sign = Some(meaning);
                break;
            }
        }
        let mut negative = trailing_minus;
        if let Some(stripped) = rest.strip_prefix('-') {
            if trailing_minus {
                return Err(NotANumber::Text);
            }
            negative = true;
            rest = stripped.trim_start();
        } else if let Some(stripped) = rest.strip_prefix('+') {
            rest = stripped.trim_start();
        }
        let (rest, scale) = scaled(rest, sign.is_some());
        let (body, exponent) = match rest.split_once('e') {
            Some((body, exponent)) => {
                (body, exponent.parse::<i32>().map_err(|_| NotANumber::Text)?)
            }
            None => (rest, 0),
        };
        // Blanks and apostrophes group digits and never separate decimals.
        let grouped = body.contains([' ', '\'']);
        if grouped && !groups_are_whole(body) {
            return Err(NotANumber::Text);
        }
        let body: String = body.chars().filter(|c| !matches!(c, ' ' | '\'')).collect();
        let number = Self {
            negative,
            body,
            exponent: exponent.saturating_add(scale),
            sign,
        };
        if number.is_well_formed() {
            Ok(number)
        } else {
            Err(NotANumber::Text)
        }
    }

    fn is_well_formed(&self) -> bool {
        let body = self.body.as_str();
        body.bytes().any(|b| b.is_ascii_digit())
            && body
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','))
            && (self.decimal(Separators::Point).is_some()
                || self.decimal(Separators::Comma).is_some())
    }

    /// Returns what this number reveals about the separators of its file.
    #[must_use]
    pub(super) fn evidence(&self) -> Evidence {
        let (points, commas) = (self.body.contains('.'), self.body.contains(','));
        if !points && !commas {
            return Evidence::None;
        }
        let as_point = self.decimal(Separators::Point).is_some();
        let as_comma = self.decimal(Separators::Comma).is_some();
        match (as_point, as_comma) {
            (true, true) if commas => Evidence::LoneComma,
            (true, true) => Evidence::LonePoint,
            (_, false) => Evidence::Point,
            (false, true) => Evidence::Comma,
        }
    }

    /// Returns the number as a plain decimal, like `-0.412` or `12e6`; `None` if it cannot be
    /// read with these separators. Unit signs are left to the caller.
    #[must_use]
    pub(super) fn decimal(&self, separators: Separators) -> Option<String> {
        let (decimal, thousands) = match separators {
            Separators::Point => ('.', ','),
            Separators::Comma => (',', '.'),
        };
        let (whole, fraction) = match self.body.split_once(decimal) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (self.body.as_str(), None),
        };
        if fraction.is_some_and(|f| !f.bytes().all(|b| b.is_ascii_digit())) {
            return None;
        }
        let mut digits = String::with_capacity(self.body.len() + 8);
        if self.negative {
            digits.push('-');
        }
        if whole.contains(thousands) {
            let mut groups = whole.split(thousands);
            let first = groups.next()?;
            let is_grouped = (1..=3).contains(&first.len())
                && first != "0"
                && first.bytes().all(|b| b.is_ascii_digit())
                && groups.all(|g| g.len() == 3 && g.bytes().all(|b| b.is_ascii_digit()));
            if !is_grouped {
                return None;
            }
            digits.extend(whole.chars().filter(|c| *c != thousands));
        } else if whole.is_empty() {
            digits.push('0');
        } else {
            digits.push_str(whole);
        }
        match fraction {
            Some(fraction) if !fraction.is_empty() => {
                digits.push('.');
                digits.push_str(fraction);
            }
            _ if whole.is_empty() => return None,
            _ => {}
        }
        if self.exponent != 0 {
            // Writing to a String cannot fail.
            let _ = write!(digits, "e{}", self.exponent);
        }
        Some(digits)
    }
}

/// Returns a decimal with its point shifted by `places`, without losing a digit.
#[must_use]
pub(super) fn shifted(decimal: &str, places: i64) -> String {
    match decimal.parse::<Decimal>() {
        Ok(number) if places != 0 => number.shifted(places).to_string(),
        _ => decimal.to_owned(),
    }
}

/// Removes a currency sign or code and a scale: `$1.25bn`, `3.2 M`.
fn scaled(text: &str, has_sign: bool) -> (&str, i32) {
    if has_sign {
        return (text, 0);
    }
    let text = text
        .trim_start_matches(CURRENCIES)
        .trim_end_matches(CURRENCIES)
        .trim();
    const SCALES: [(&str, i32); 14] = [
        ("thousand", 3),
        ("million", 6),
        ("billion", 9),
        ("trillion", 12),
        ("mrd", 9),
        ("mio", 6),
        ("mln", 6),
        ("mn", 6),
        ("bn", 9),
        ("tn", 12),
        ("k", 3),
        ("m", 6),
        ("b", 9),
        ("t", 12),
    ];
    for (suffix, scale) in SCALES {
        if let Some(rest) = text.strip_suffix(suffix) {
            let rest = rest.trim_end();
            // "e" before it would be an exponent, a letter another word.
            if rest.ends_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',')) {
                return (rest, scale);
            }
        }
    }
    (text, 0)
}

/// Whether all groups after blanks and apostrophes have three digits.
fn groups_are_whole(body: &str) -> bool {
    let whole = body.split(['.', ',']).next().unwrap_or_default();
    let mut groups = whole.split([' ', '\'']);
    let first = groups.next().unwrap_or_default();
    let rest_has_blank = body[whole.len()..].contains([' ', '\'']);
    !rest_has_blank && (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3)
}

/// Replaces minus signs and blanks of every kind with the plain ones.
fn plain_character(c: char) -> char {
    match c {
        '−' | '‐' | '‑' | '‒' | '–' | '—' | '﹣' | '－' => '-',
        '’' | '‘' | 'ʼ' => '\'',
        '×' | '✕' => 'x',
        '٪' | '﹪' => '%',
        // Between digits both separate decimals.
        '·' | '٫' => '.',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

#[cfg(test)]
mod tests;
