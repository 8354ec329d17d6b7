//! Descriptions of a company: read if they can be understood, left out otherwise. A description
//! never costs a row its score.

use std::borrow::Cow;

use super::{
    Cells, Layout,
    country::country,
    names::{COUNTRY, CURRENCY, DESCRIPTIONS, MARKET_CAP, NATIONAL_ID},
    number::{CURRENCIES, Cell, Evidence, Separators, Sign, says_missing, shifted},
    text::squeezed,
};
use crate::{
    company::{CompanyDraft, UNKNOWN_COUNTRY, UNKNOWN_CURRENCY},
    identifier::{IdentifierKind, Identifiers},
    text::clean_text,
};

/// The longest exchange, in characters.
pub(super) const EXCHANGE_LENGTH: usize = 64;

/// Reads a description in the form in which it is stored.
///
/// `Ok(None)` if there is none; an error if it cannot be understood, with what would be valid.
pub(super) fn read(
    place: usize,
    text: &str,
    separators: Separators,
) -> Result<Option<Cow<'_, str>>, &'static str> {
    if says_missing(text) {
        return Ok(None);
    }
    match DESCRIPTIONS[place] {
        "country" => country(text)
            .map(|code| Some(Cow::Borrowed(code)))
            .ok_or("a country's name or its code of two or three letters is understood"),
        "currency" => currency(text)
            .map(|code| Some(Cow::Owned(code)))
            .ok_or("a code of three letters like USD is understood"),
        "market_cap" => market_cap(text, separators)
            .map(|amount| amount.map(Cow::Owned))
            .ok_or(
                "a number in whole units of the currency is understood, like 1250000000 or 1.25B",
            ),
        "company_name" => cleaned(text, 200, "at most 200 visible characters are kept"),
        "isin" => identifier(IdentifierKind::Isin, text),
        "lei" => identifier(IdentifierKind::Lei, text),
        "figi" => identifier(IdentifierKind::Figi, text),
        "national_id" => identifier(IdentifierKind::NationalId, text),
        "exchange" => cleaned(
            text,
            EXCHANGE_LENGTH,
            "at most 64 visible characters are kept",
        ),
        _ => cleaned(text, 100, "at most 100 visible characters are kept"),
    }
}

/// Reads the descriptions of a row, each with [`read`], and then checks them together: an amount
/// whose sign belongs to another currency than that of the row is left out, and a sign that only
/// one currency has sets the currency if no column does. `unread` receives the position and the
/// rule of each description that was left out; a country or a currency that is left out is unknown,
/// which is not the same as not given.
pub(super) fn of_row<'a>(
    layout: &Layout,
    row: &Cells<'a>,
    separators: Separators,
    mut unread: impl FnMut(usize, &'static str),
) -> [Option<Cow<'a, str>>; DESCRIPTIONS.len()] {
    let mut texts: [Option<Cow<'a, str>>; DESCRIPTIONS.len()] = Default::default();
    let cell = |place: usize| layout.descriptions()[place].map(|column| row.at(column));
    for (place, read_text) in texts.iter_mut().enumerate() {
        let Some(text) = cell(place) else { continue };
        let read = match place {
            MARKET_CAP => amount(layout, text, separators),
            NATIONAL_ID if layout.is_cik() => identifier(IdentifierKind::NationalId, &cik(text)),
            _ => read(place, text, separators),
        };
        match read {
            Ok(understood) => *read_text = understood,
            Err(rule) => {
                unread(place, rule);
                *read_text = match place {
                    COUNTRY => Some(Cow::Borrowed(UNKNOWN_COUNTRY)),
                    CURRENCY => Some(Cow::Borrowed(UNKNOWN_CURRENCY)),
                    _ => None,
                };
            }
        }
    }
    let sign = cell(MARKET_CAP).and_then(|text| text.chars().find(|c| is_sign(*c)));
    let possible = match (sign, layout.market_cap_unit()) {
        (Some(sign), _) => currencies_of(sign),
        (None, Some(unit)) => unit.currencies.as_slice(),
        (None, None) => &[],
    };
    let (amount, currency) = (texts[MARKET_CAP].is_some(), texts[CURRENCY].as_deref());
    match (possible, currency) {
        ([], _) => {}
        _ if !amount => {}
        ([only], None) => texts[CURRENCY] = Some(Cow::Borrowed(only)),
        // A dollar sign without a country means USD, which is the currency if no column contains
        // one.
        (["USD", ..], None) => {}
        (_, None) => {
            texts[MARKET_CAP] = None;
            unread(
                MARKET_CAP,
                "where several currencies have the sign, a column for the currency is needed",
            );
        }
        (possible, Some(code)) if !possible.contains(&code) => {
            texts[MARKET_CAP] = None;
            unread(MARKET_CAP, "its sign must be that of the row's currency");
        }
        _ => {}
    }
    texts
}

/// Reads a market value in the unit that the name of its column states.
fn amount<'a>(
    layout: &Layout,
    text: &'a str,
    separators: Separators,
) -> Result<Option<Cow<'a, str>>, &'static str> {
    let read = read(MARKET_CAP, text, separators)?;
    let power = layout.market_cap_unit().map_or(0, |unit| unit.power);
    let Some(amount) = read.as_ref().filter(|_| power > 0) else {
        return Ok(read);
    };
    if text.contains(|c: char| "kKmMbBtT".contains(c)) {
        return Err("its column states millions or the like, so the cell must not");
    }
    let amount = shifted(amount, power);
    let is_possible = amount.parse().is_ok_and(|value: f64| value < 9.0e18);
    is_possible
        .then_some(Some(Cow::Owned(amount)))
        .ok_or("an amount in the unit of its column must be below 9e18")
}

/// Returns a number of the SEC's register with the zeros that programs drop.
fn cik(text: &str) -> String {
    let digits = text.trim();
    if digits.len() <= 10 && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.is_empty() {
        format!("{digits:0>10}")
    } else {
        digits.to_owned()
    }
}

fn is_sign(c: char) -> bool {
    CURRENCIES.contains(&c)
}

/// The currencies that are written with a sign, the one that is meant by the sign alone first.
pub(super) const fn currencies_of(sign: char) -> &'static [&'static str] {
    match sign {
        '$' => &[
            "USD", "ARS", "AUD", "BBD", "BMD", "BND", "BRL", "BSD", "BZD", "CAD", "CLP", "COP",
            "FJD", "GYD", "HKD", "JMD", "KYD", "LRD", "MXN", "NAD", "NIO", "NZD", "SBD", "SGD",
            "SRD", "SVC", "TTD", "TWD", "UYU", "XCD",
        ],
        '€' => &["EUR"],
        '£' => &[
            "GBP", "EGP", "FKP", "GIP", "LBP", "SDG", "SHP", "SSP", "SYP",
        ],
        '¥' => &["JPY", "CNY"],
        '₹' => &["INR"],
        _ => &[],
    }
}

fn cleaned<'a>(
    text: &str,
    longest: usize,
    rule: &'static str,
) -> Result<Option<Cow<'a, str>>, &'static str> {
    clean_text("", &squeezed(text), longest)
        .map(|clean| Some(Cow::Owned(clean)))
        .map_err(|_| rule)
}

/// Reads an identifier. One whose check digits are wrong is left out, because it may be another
/// company's.
fn identifier<'a>(kind: IdentifierKind, text: &str) -> Result<Option<Cow<'a, str>>, &'static str> {
    if says_missing(text) {
        return Ok(None);
    }
    kind.read(text).map(|sound| Some(Cow::Owned(sound)))
}

fn currency(text: &str) -> Option<String> {
    let text = text.trim();
    // "GBp" and "ZAc" are a hundredth of GBP and ZAR.
    let is_minor = text.chars().rev().take(1).any(char::is_lowercase)
        && text.chars().take(2).all(char::is_uppercase);
    let code = text.to_uppercase();
    (!is_minor && code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase())).then_some(code)
}

/// Reads an amount in whole units as a decimal; `Some(None)` for 0, which means that none is
/// known.
fn market_cap(text: &str, separators: Separators) -> Option<Option<String>> {
    let Cell::Number(number) = Cell::read(text) else {
        return None;
    };
    if number.sign.is_some_and(|sign| sign != Sign::Times) {
        return None;
    }
    // Amounts are written with separators of thousands, also in files without any decimal.
    let decimal = number
        .decimal(separators)
        .or_else(|| number.decimal(Separators::Point))
        .or_else(|| number.decimal(Separators::Comma))?;
    let value: f64 = decimal.parse().ok()?;
    if value == 0.0 {
        return Some(None);
    }
    // "1.250" may be a thousand in any file, and no company is worth that little.
    let is_lone = matches!(number.evidence(), Evidence::LoneComma | Evidence::LonePoint);
    if is_lone && value < 1_000.0 {
        return None;
    }
    (value > 0.0 && value < 9.0e18).then(|| Some(shifted(&decimal, 0)))
}

/// Makes the draft of a company from its symbol and its descriptions.
pub(super) fn draft(
    symbol: &str,
    texts: [Option<Cow<'_, str>>; DESCRIPTIONS.len()],
) -> CompanyDraft {
    let [
        name,
        sector,
        industry,
        market_cap,
        country,
        currency,
        exchange,
        isin,
        lei,
        figi,
        national_id,
    ] = texts.map(|text| text.map(Cow::into_owned));
    CompanyDraft {
        name,
        sector,
        industry,
        market_cap: market_cap.and_then(|amount| amount.parse().ok()),
        country,
        currency,
        exchange,
        identifiers: Identifiers {
            isin,
            lei,
            figi,
            national_id,
        },
        ..CompanyDraft::of_symbol(symbol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(name: &str, text: &str) -> Result<Option<String>, &'static str> {
        let place = DESCRIPTIONS.iter().position(|d| *d == name).unwrap();
        read(place, text, Separators::Point).map(|read| read.map(Cow::into_owned))
    }

    #[test]
    fn minor_currency_unit_is_refused() {
        assert_eq!(read_as("currency", "gbp"), Ok(Some("GBP".to_owned())));
        for minor in ["GBp", "ZAc", "ILs"] {
            assert!(read_as("currency", minor).is_err(), "{minor}");
        }
    }

    #[test]
    fn amounts_are_read_as_screeners_write_them() {
        for (text, amount) in [
            ("1250000000", Some("1250000000")),
            ("1.25B", Some("1.25e9")),
            ("$1,250,000,000", Some("1250000000")),
            ("1.25e9", Some("1.25e9")),
            ("0", None),
            ("-", None),
            ("NM", None),
        ] {
            assert_eq!(
                read_as("market_cap", text),
                Ok(amount.map(str::to_owned)),
                "{text}"
            );
        }
        assert!(read_as("market_cap", "large").is_err());
        assert!(read_as("market_cap", "-5").is_err());
        assert!(read_as("market_cap", "5%").is_err());
    }

    #[test]
    fn an_identifier_with_a_wrong_check_digit_is_left_out() {
        assert_eq!(
            read_as("isin", "US0378331005 "),
            Ok(Some("US0378331005".to_owned()))
        );
        assert!(
            read_as("isin", "US0378331006")
                .unwrap_err()
                .contains("ISIN")
        );
        assert_eq!(read_as("lei", "#N/A"), Ok(None));
        assert!(read_as("figi", "AAPL").is_err());
        assert!(read_as("national_id", "unknown").is_err());
    }

    #[test]
    fn missing_marker_is_read_as_no_sector() {
        assert_eq!(read_as("sector", "#N/A"), Ok(None));
        assert_eq!(
            read_as("exchange", "New York Stock Exchange"),
            Ok(Some("New York Stock Exchange".to_owned()))
        );
        assert!(read_as("company_name", &"x".repeat(201)).is_err());
    }
}
