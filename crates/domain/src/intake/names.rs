//! The names of columns: how they are compared, and what they mean.

use std::{collections::HashMap, sync::LazyLock};

use unicode_normalization::UnicodeNormalization;

use super::{
    amount::AmountUnit,
    month::without_accents,
    text::{is_footnote_mark, is_unseen, squeezed},
};
use crate::{prediction::Kind, ratio::RatioUnit};

/// The synonyms of the fields of an upload: `field,name,where it is used`.
const SYNONYMS: &str = include_str!("synonyms.csv");

/// Words that make no difference.
const SMALL_WORDS: [&str; 9] = ["to", "of", "the", "over", "by", "and", "in", "for", "on"];
/// Words that say that a column is in percent.
const PERCENT_WORDS: [&str; 7] = [
    "%",
    "pct",
    "percent",
    "percentage",
    "prc",
    "prozent",
    "pourcent",
];
/// Units of shares that are neither fractions nor percent.
const OTHER_UNITS: [&str; 5] = ["‰", "per mille", "per mil", "permille", "basis points"];
/// Words that say that a column holds plain multiples, or nothing at all about its unit.
const UNIT_WORDS: [&str; 13] = [
    "x",
    "times",
    "usd",
    "eur",
    "gbp",
    "ttm",
    "ltm",
    "mrq",
    "fy",
    "trailing twelve months",
    "ratio",
    "decimal",
    "fraction",
];

/// The name of a column in a form that can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ColumnName {
    /// Its words, without units and small words.
    pub(super) key: String,
    /// The unit that it names.
    pub(super) hint: Option<RatioUnit>,
    /// Whether it names a unit that columns are not read in: per mille or basis points.
    pub(super) is_other_unit: bool,
    /// The unit of amounts that it names, such as `$M`, and its other words.
    amount: Option<(AmountUnit, String)>,
}

impl ColumnName {
    /// Makes the comparable form of a name in a header.
    #[must_use]
    pub(super) fn read(name: &str) -> Self {
        let plain: String = name
            .chars()
            .filter(|c| !is_unseen(*c) && !is_footnote_mark(*c))
            .nfkc()
            .collect();
        let mut is_other_unit = false;
        let mut outside = plain.to_lowercase();
        let found = OTHER_UNITS.iter().find(|unit| outside.contains(**unit));
        if let Some(unit) = found {
            is_other_unit = true;
            outside = outside.replace(unit, " ");
        } else {
            outside = plain;
        }
        let amount = AmountUnit::in_name(&outside.to_lowercase()).map(|(unit, mut words)| {
            words.retain(|word| !SMALL_WORDS.contains(&word.as_str()));
            (unit, without_accents(&words.join(" ")))
        });
        let (outside, inside) = without_units(&outside);
        let mut hint = inside;
        let mut words = Vec::new();
        for word in split_words(&outside) {
            if PERCENT_WORDS.contains(&word.as_str()) {
                hint = Some(RatioUnit::Percent);
            } else if matches!(word.as_str(), "bp" | "bps") {
                is_other_unit = true;
            } else if !SMALL_WORDS.contains(&word.as_str()) {
                words.push(word);
            }
        }
        Self {
            key: without_accents(&words.join(" ")),
            hint,
            is_other_unit,
            amount,
        }
    }
}

/// Removes brackets that contain only a unit, and returns the unit if it is percent or a
/// fraction.
fn without_units(name: &str) -> (String, Option<RatioUnit>) {
    let mut outside = String::with_capacity(name.len());
    let mut hint = None;
    let mut rest = name;
    while let Some(open) = rest.find(['(', '[', '{']) {
        let (before, from) = rest.split_at(open);
        outside.push_str(before);
        let Some(close) = from.find([')', ']', '}']) else {
            break;
        };
        let inner = squeezed(&from[1..close]).to_lowercase();
        // "(LTM, %)" names two things.
        let parts: Vec<&str> = inner
            .split([',', ';'])
            .map(|part| {
                let part = part.trim().trim_start_matches("in ");
                part.trim_start_matches("en ").trim_matches('.')
            })
            .collect();
        let is_unit = |part: &&str| PERCENT_WORDS.contains(part) || UNIT_WORDS.contains(part);
        if !parts.iter().all(is_unit) {
            outside.push(' ');
            outside.push_str(&inner);
            outside.push(' ');
        } else if parts.iter().any(|part| PERCENT_WORDS.contains(part)) {
            hint = Some(RatioUnit::Percent);
        } else if parts
            .iter()
            .any(|part| matches!(*part, "decimal" | "fraction"))
        {
            hint = Some(RatioUnit::Fraction);
        }
        rest = &from[close + 1..];
    }
    outside.push_str(rest);
    (outside, hint)
}

/// Splits a name into words in lower case; `longTermDebt` and `EBITDAMargin` are several
/// words.
fn split_words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let characters: Vec<char> = name.chars().collect();
    for (at, &c) in characters.iter().enumerate() {
        if c == '%' {
            words.push("%".to_owned());
            words.push(String::new());
            continue;
        }
        if !c.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = at.checked_sub(1).map(|i| characters[i]);
        let behind = characters.get(at + 1);
        let starts_word = c.is_uppercase()
            && (before.is_some_and(|b| b.is_lowercase() || b.is_ascii_digit())
                || before.is_some_and(char::is_uppercase)
                    && behind.is_some_and(|b| b.is_lowercase()));
        if starts_word {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

impl ColumnName {
    /// Returns the unit of amounts that the name states.
    pub(super) fn amount_unit(&self) -> Option<&AmountUnit> {
        self.amount.as_ref().map(|(unit, _)| unit)
    }

    /// Returns whether the name is that of a date: `Period End Date`, `Statement Date`.
    pub(super) fn is_of_dates(&self) -> bool {
        let mut words = self.key.split(' ');
        const DATES: [&str; 8] = [
            "date",
            "end",
            "ending",
            "ended",
            "stichtag",
            "bilanzstichtag",
            "fecha",
            "data",
        ];
        words.any(|word| DATES.contains(&word))
    }
}

/// The field that a column contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The company's symbol or other identifier.
    Symbol,
    /// The reporting year.
    Year,
    /// The quarter.
    Quarter,
    /// A description of the company: its position in [`DESCRIPTIONS`].
    Description(usize),
    /// A ratio: its position in [`Kind::ratios`].
    Ratio(usize),
}

/// The columns that describe a company, apart from its symbol.
pub const DESCRIPTIONS: [&str; 11] = [
    "company_name",
    "sector",
    "industry",
    "market_cap",
    "country",
    "currency",
    "exchange",
    "isin",
    "lei",
    "figi",
    "national_id",
];

/// The positions of some of [`DESCRIPTIONS`].
pub(super) const COMPANY_NAME: usize = 0;
pub(super) const MARKET_CAP: usize = 3;
pub(super) const COUNTRY: usize = 4;
pub(super) const CURRENCY: usize = 5;
pub(super) const NATIONAL_ID: usize = 10;
const _: () = assert!(
    matches!(DESCRIPTIONS[COMPANY_NAME].as_bytes(), b"company_name")
        && matches!(DESCRIPTIONS[MARKET_CAP].as_bytes(), b"market_cap")
        && matches!(DESCRIPTIONS[COUNTRY].as_bytes(), b"country")
        && matches!(DESCRIPTIONS[CURRENCY].as_bytes(), b"currency")
        && matches!(DESCRIPTIONS[NATIONAL_ID].as_bytes(), b"national_id")
);

impl Field {
    /// Returns the field that has this name in the API.
    fn named(kind: Kind, name: &str) -> Option<Self> {
        match name {
            "company_symbol" => Some(Self::Symbol),
            "reporting_year" => Some(Self::Year),
            "reporting_quarter" if kind == Kind::Quarterly => Some(Self::Quarter),
            _ => DESCRIPTIONS
                .iter()
                .position(|d| *d == name)
                .map(Self::Description)
                .or_else(|| {
                    let mut ratios = kind.ratios().iter();
                    ratios.position(|r| r.name == name).map(Self::Ratio)
                }),
        }
    }

    /// Returns the name in the API and in AccuNode's own files.
    #[must_use]
    pub fn name(self, kind: Kind) -> &'static str {
        match self {
            Self::Symbol => "company_symbol",
            Self::Year => "reporting_year",
            Self::Quarter => "reporting_quarter",
            Self::Description(at) => DESCRIPTIONS[at],
            Self::Ratio(at) => kind.ratios()[at].name,
        }
    }

    /// Returns the field that the name of a column means.
    #[must_use]
    pub(super) fn meant_by(kind: Kind, name: &ColumnName) -> Option<Self> {
        let meaning = match kind {
            Kind::Annual => &*ANNUAL,
            Kind::Quarterly => &*QUARTERLY,
        };
        let known = meaning.get(name.key.as_str()).copied();
        known.or_else(|| {
            // "Market Cap ($M)": the unit is not part of the name.
            let (_, key) = name.amount.as_ref()?;
            let field = meaning.get(key.as_str()).copied();
            field.filter(|field| *field == Self::Description(MARKET_CAP))
        })
    }
}

/// A synonym as listed in the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// The name of the field in AccuNode's own files.
    pub field: &'static str,
    /// The other name.
    pub name: &'static str,
    /// Who uses the synonym, if that is known.
    pub used_by: &'static str,
}

/// Returns every synonym, in the order of the documentation.
pub fn synonyms() -> impl Iterator<Item = Synonym> {
    SYNONYMS
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .filter_map(|line| {
            let mut parts = line.splitn(3, ',');
            Some(Synonym {
                field: parts.next()?,
                name: parts.next()?,
                used_by: parts.next().unwrap_or_default(),
            })
        })
}

static ANNUAL: LazyLock<HashMap<String, Field>> = LazyLock::new(|| meanings(Kind::Annual));
static QUARTERLY: LazyLock<HashMap<String, Field>> = LazyLock::new(|| meanings(Kind::Quarterly));

fn meanings(kind: Kind) -> HashMap<String, Field> {
    let own = ["company_symbol", "reporting_year", "reporting_quarter"]
        .into_iter()
        .chain(DESCRIPTIONS)
        .chain(kind.ratios().iter().map(|ratio| ratio.name))
        .map(|name| (name, name));
    let labels = kind.ratios().iter().map(|ratio| (ratio.name, ratio.label));
    let others = synonyms().map(|synonym| (synonym.field, synonym.name));
    own.chain(labels)
        .chain(others)
        .filter_map(|(field, name)| {
            let field = Field::named(kind, field)?;
            Some((ColumnName::read(name).key, field))
        })
        .collect()
}

#[cfg(test)]
mod tests;
