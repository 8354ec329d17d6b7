//! Reads symbols of tables.

use super::{month::month, number::says_missing, text::squeezed};
use crate::{
    company::Symbol,
    fault::{Fault, shorten},
    identifier::IdentifierKind,
};

/// Placeholders for missing values that are also tickers when written in capitals.
const TICKERS: [&str; 9] = ["NONE", "NA", "NAN", "NM", "NMF", "NIL", "NMN", "NR", "ND"];
/// Texts that say that a symbol is not known, in lower case.
const UNKNOWN: [&str; 7] = [
    "unknown",
    "to be determined",
    "to be announced",
    "not assigned",
    "unassigned",
    "not listed",
    "no ticker",
];
/// The same, which in capitals are tickers.
const UNKNOWN_OR_TICKERS: [&str; 2] = ["tbd", "tba"];

/// Reads the symbol of a row. A text into which a program or a spreadsheet converted a symbol
/// is refused, because it would be another company.
///
/// # Errors
/// `required` for an empty cell and for a placeholder of a missing value; `invalid_symbol` for
/// dates, times, numbers in another form than a code's, truth values, and characters that a symbol
/// may not contain.
pub(super) fn read_symbol(text: &str) -> Result<Symbol, Fault> {
    let fault = |code: &str, detail: String| Fault::new("company_symbol", code, detail);
    if says_missing(text) && !TICKERS.contains(&text) || says_unknown(text) {
        return Err(fault(
            "required",
            if text.is_empty() {
                "the row names no company".to_owned()
            } else {
                format!("{text:?} says that there is no value, so the row names no company")
            },
        ));
    }
    if let Some(why) = mangled(text) {
        return Err(fault(
            "invalid_symbol",
            format!("{:?} is {why}", shorten(text)),
        ));
    }
    Symbol::parse("company_symbol", text)
}

/// Reads the symbol of a row whose file has no symbols, so that companies are named by an
/// identifier. One whose check digits are wrong names no company or another one.
///
/// # Errors
/// As [`read_symbol`]; `invalid_symbol` for an identifier that does not follow its rule.
pub(super) fn read_identifier(kind: IdentifierKind, text: &str) -> Result<Symbol, Fault> {
    if says_missing(text) || says_unknown(text) {
        return read_symbol("");
    }
    kind.read(text).map(Symbol::from_stored).map_err(|rule| {
        let detail = format!("{:?} names no company: {rule}", shorten(text));
        Fault::new("company_symbol", "invalid_symbol", detail)
    })
}

fn says_unknown(text: &str) -> bool {
    let lower = squeezed(text).to_lowercase();
    UNKNOWN.contains(&lower.as_str())
        || UNKNOWN_OR_TICKERS.contains(&lower.as_str()) && text != text.to_uppercase()
}

/// Returns what a spreadsheet or a program has made of a symbol, and the remedy.
fn mangled(text: &str) -> Option<&'static str> {
    if is_date(text) || is_day_of_month(text) {
        return Some(
            "a date: spreadsheets make one of symbols such as SEP-24, so format the column as text \
             and type the symbol again",
        );
    }
    if is_scientific(text) {
        return Some(
            "a number in scientific notation, which spreadsheets make of long codes and of codes \
             such as 1E5: format the column as text and type the symbol again",
        );
    }
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if text
        .split_once('.')
        .is_some_and(|(whole, decimals)| is_number(whole) && is_number(decimals))
    {
        return Some(
            "a number with decimals, which programs make of codes such as 001000: read and write \
             the column as text",
        );
    }
    if text.strip_prefix('-').is_some_and(is_number) {
        return Some("a negative number and no symbol: format the column as text and correct it");
    }
    if is_time(text) {
        return Some(
            "a time, which spreadsheets make of codes such as 12:30: format the column as text and \
             type the symbol again",
        );
    }
    matches!(text, "True" | "False").then_some(
        "a truth value, which programs make of symbols such as TRUE: read and write the column as \
         text",
    )
}

/// Returns whether a symbol is one that programs also make of another entry, or that also says
/// that there is none, so that it is only likely: `TRUE`, `TBD`, `SEP-24`.
pub(super) fn is_doubtful_symbol(text: &str) -> bool {
    let lower = text.to_lowercase();
    matches!(text, "TRUE" | "FALSE" | "WAHR" | "FALSCH" | "VRAI" | "FAUX")
        || UNKNOWN_OR_TICKERS.contains(&lower.as_str())
        || month_and_year(text)
        || is_like_a_name(text)
}

/// Recognises `Alder Mills`, which is more often the name of a company. `AAPL US Equity` is what
/// Bloomberg calls a security.
fn is_like_a_name(text: &str) -> bool {
    const KINDS: [&str; 6] = ["equity", "corp", "govt", "index", "pfd", "curncy"];
    let mut words = text
        .split(' ')
        .filter(|word| !KINDS.contains(&word.to_lowercase().as_str()));
    text.contains(' ')
        && words.any(|word| word.len() > 3 && word.contains(|c: char| c.is_ascii_lowercase()))
}

/// Recognises `2024-09-01`, `2024/09/01`, `1/9/2024`, `1/9/24`, `01.09.2024` and `01.09.`, also
/// followed by a time.
fn is_date(text: &str) -> bool {
    let day = text.split(['T', ' ']).next().unwrap_or_default();
    let Some(separator) = day.chars().find(|c| !c.is_ascii_digit()) else {
        return false;
    };
    let parts: Vec<(usize, Option<u16>)> = day
        .split(separator)
        .map(|part| (part.len(), part.parse().ok()))
        .collect();
    let is_day = |a: u16, b: u16| a.min(b) >= 1 && a.min(b) <= 12 && a.max(b) <= 31;
    match (separator, parts.as_slice()) {
        (
            '-' | '/' | '.',
            [(4, Some(1900..=2100)), (1 | 2, Some(a)), (1 | 2, Some(b))]
            | [(1 | 2, Some(a)), (1 | 2, Some(b)), (4, Some(1900..=2100))],
        )
        | ('/', [(1 | 2, Some(a)), (1 | 2, Some(b)), (2, Some(_))])
        | ('.', [(1 | 2, Some(a)), (1 | 2, Some(b)), (0, _) | (2, Some(_))]) => is_day(*a, *b),
        _ => false,
    }
}

/// Recognises `5-Jun`, `2-SEP` and `5-Jun-24`, which no ticker looks like, and `Mar-24`, which in
/// capitals may be one.
fn is_day_of_month(text: &str) -> bool {
    let parts: Vec<&str> = text
        .split(['-', ' ', '/', '.'])
        .filter(|part| !part.is_empty())
        .collect();
    let is_day = |day: &str| {
        (1..=2).contains(&day.len()) && day.parse().is_ok_and(|day: u8| (1..=31).contains(&day))
    };
    let is_month = |name: &str| month(&name.to_lowercase()).is_some();
    match parts.as_slice() {
        [day, name] | [day, name, _] if is_day(day) && is_month(name) => true,
        _ => month_and_year(text) && text != text.to_uppercase(),
    }
}

/// Recognises `Mar-24`, `Mar-2024`, `Mrz 24` and `Sep. 24`.
fn month_and_year(text: &str) -> bool {
    text.split_once(['-', ' ', '.'])
        .is_some_and(|(name, year)| {
            let year = year.trim_start();
            matches!(year.len(), 2 | 4)
                && year.bytes().all(|b| b.is_ascii_digit())
                && month(&name.to_lowercase()).is_some()
        })
}

/// Recognises `2.30123E+11` and `1E+05`. Without a sign, `5E2` is the code of a company.
fn is_scientific(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    text.split_once(['E', 'e'])
        .is_some_and(|(mantissa, exponent)| {
            let (whole, decimals) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
            let digits = exponent.strip_prefix(['+', '-']);
            is_number(whole)
                && is_number(decimals)
                && (digits.is_some_and(is_number) || mantissa.contains('.') && is_number(exponent))
        })
}

/// Recognises `12:30` and `12:30:00`.
fn is_time(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let is_part =
        |part: &&str| (1..=2).contains(&part.len()) && part.parse().is_ok_and(|n: u8| n < 60);
    matches!(parts.len(), 2 | 3)
        && parts.iter().all(is_part)
        && parts.iter().skip(1).all(|part| part.len() == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbol_mangled_by_a_program_is_refused() {
        for (text, code) in [
            ("", "required"),
            ("N/A", "required"),
            ("nan", "required"),
            ("None", "required"),
            ("NULL", "required"),
            ("#N/A", "required"),
            ("-", "required"),
            ("unknown", "required"),
            ("UNKNOWN", "required"),
            ("tbd", "required"),
            ("Not assigned", "required"),
            ("2024-09-01", "invalid_symbol"),
            ("2024-09-01T00:00:00", "invalid_symbol"),
            ("9/1/2024", "invalid_symbol"),
            ("01.09.2024", "invalid_symbol"),
            ("5-Jun", "invalid_symbol"),
            ("2-SEP", "invalid_symbol"),
            ("Mar-24", "invalid_symbol"),
            ("5-Jun-2024", "invalid_symbol"),
            ("1000.0", "invalid_symbol"),
            ("2.30123E+11", "invalid_symbol"),
            ("1E+05", "invalid_symbol"),
            ("-5", "invalid_symbol"),
            ("12:30", "invalid_symbol"),
            ("01.03.", "invalid_symbol"),
            ("1.3.24", "invalid_symbol"),
            ("Sep. 24", "invalid_symbol"),
            ("Mrz 24", "invalid_symbol"),
            ("05. Jun", "invalid_symbol"),
            ("True", "invalid_symbol"),
        ] {
            assert_eq!(read_symbol(text).unwrap_err().code, code, "{text:?}");
        }
    }

    #[test]
    fn tickers_that_resemble_other_entries_are_read() {
        for text in [
            "NA",
            "NAN",
            "NM",
            "000973",
            "1000",
            "0005.HK",
            "BRK.B",
            "2330-TW",
            "SEP",
            "MAR",
            "5E2",
            "1.HK",
            "E",
            "DEC.L",
            "OCT-A",
            "MAY US",
            "JUN.B",
            "12-34-56",
            "600000.SS",
            "BF/B",
            "NR",
            "AAPL US Equity",
            "BRK B",
            "1.12.A",
        ] {
            assert!(read_symbol(text).is_ok(), "{text:?}");
            assert!(!is_doubtful_symbol(text), "{text:?}");
        }
        for text in [
            "TRUE",
            "FALSE",
            "WAHR",
            "TBD",
            "SEP-24",
            "SEP.24",
            "Alder Mills",
        ] {
            assert!(read_symbol(text).is_ok(), "{text:?}");
            assert!(is_doubtful_symbol(text), "{text:?}");
        }
    }
}
