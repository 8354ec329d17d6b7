//! Reads symbols of tables.

use super::number::says_missing;
use crate::{
    company::Symbol,
    fault::{Fault, shorten},
};

/// Placeholders for missing values that are also tickers when written in capitals.
const TICKERS: [&str; 7] = ["NONE", "NA", "NAN", "NM", "NMF", "NIL", "NMN"];

/// Reads the symbol of a row. A text into which a program or a spreadsheet converted a symbol
/// is refused, because it would be another company.
///
/// # Errors
/// `required` for an empty cell and for a placeholder of a missing value; `invalid_symbol` for
/// a date, a number with decimals, and characters that a symbol may not contain.
pub(super) fn read_symbol(text: &str) -> Result<Symbol, Fault> {
    let fault = |code: &str, detail: String| Fault::new("company_symbol", code, detail);
    if says_missing(text) && !TICKERS.contains(&text) {
        return Err(fault(
            "required",
            if text.is_empty() {
                "the row names no company".to_owned()
            } else {
                format!("{text:?} says that there is no value, so the row names no company")
            },
        ));
    }
    if is_date(text) {
        return Err(fault(
            "invalid_symbol",
            format!(
                "{:?} is a date: spreadsheets make one of symbols such as SEP-24, so format the \
                 column as text and type the symbol again",
                shorten(text)
            ),
        ));
    }
    let decimals = text.split_once('.').filter(|(whole, zeros)| {
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        is_number(whole) && is_number(zeros)
    });
    if decimals.is_some() {
        return Err(fault(
            "invalid_symbol",
            format!(
                "{:?} is a number with decimals, which programs make of codes such as 001000: \
                 read and write the column as text",
                shorten(text)
            ),
        ));
    }
    Symbol::parse("company_symbol", text)
}

/// Recognises `2024-09-01`, also followed by a time.
fn is_date(text: &str) -> bool {
    let day = text.split(['T', ' ']).next().unwrap_or_default();
    let mut parts = day.split('-').map(|part| (part.len(), part.parse::<u16>()));
    matches!(
        (parts.next(), parts.next(), parts.next(), parts.next()),
        (
            Some((4, Ok(_))),
            Some((2, Ok(1..=12))),
            Some((2, Ok(1..=31))),
            None
        )
    )
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
            ("2024-09-01", "invalid_symbol"),
            ("2024-09-01T00:00:00", "invalid_symbol"),
            ("1000.0", "invalid_symbol"),
        ] {
            assert_eq!(read_symbol(text).unwrap_err().code, code, "{text:?}");
        }
        for text in [
            "NA", "NAN", "NM", "000973", "1000", "0005.HK", "BRK.B", "2330-TW",
        ] {
            assert!(read_symbol(text).is_ok(), "{text:?}");
        }
    }
}
