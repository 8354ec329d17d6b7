//! Table cells that a spreadsheet does not execute as a formula.
//!
//! A spreadsheet executes a cell that begins with `=`, `+`, `-` or `@`; some also skip
//! spaces, quotation marks and invisible characters before it, or accept the full-width
//! forms of the signs. A spreadsheet whose locale separates cells by semicolons splits a
//! file with commas at semicolons and tabs, and begins a new row at a line break: what
//! follows such a character inside a cell also begins a cell.
//!
//! An apostrophe is inserted at such a place; spreadsheets take it as "this is text".
//! [`unguard_formula`] removes exactly what [`guard_formula`] inserted, so that a file that
//! was written here is read back unchanged.

use std::borrow::Cow;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

const GUARD: char = '\'';

/// Returns a text as a cell that no spreadsheet executes. Numbers stay unchanged.
#[must_use]
pub fn guard_formula(text: &str) -> Cow<'_, str> {
    if !leads(text) && !parts(text).any(|(part, _)| runs(part)) {
        return Cow::Borrowed(text);
    }
    let mut guarded = String::with_capacity(text.len() + 4);
    if leads(text) {
        guarded.push(GUARD);
    }
    for (part, separator) in parts(text) {
        if runs(part) {
            guarded.push(GUARD);
        }
        guarded.push_str(part);
        guarded.extend(separator);
    }
    Cow::Owned(guarded)
}

/// Returns the text from which [`guard_formula`] made this cell; any other text unchanged.
#[must_use]
pub fn unguard_formula(cell: &str) -> Cow<'_, str> {
    let inner = |part: &str| part.strip_prefix(GUARD).is_some_and(runs);
    let led = cell.strip_prefix(GUARD).filter(|rest| leads(rest));
    if led.is_none() && !parts(cell).any(|(part, _)| inner(part)) {
        return Cow::Borrowed(cell);
    }
    let cell = led.unwrap_or(cell);
    let mut text = String::with_capacity(cell.len());
    for (part, separator) in parts(cell) {
        let part = if inner(part) {
            &part[GUARD.len_utf8()..]
        } else {
            part
        };
        text.push_str(part);
        text.extend(separator);
    }
    Cow::Owned(text)
}

/// Returns whether a text begins with a tab or carriage return, which may move what follows
/// into a cell of its own.
fn leads(text: &str) -> bool {
    text.chars()
        .take_while(|c| is_passed_over(*c))
        .any(|c| matches!(c, '\t' | '\r'))
}

/// Returns the parts that a spreadsheet may read as separate cells, each with its
/// terminator.
fn parts(text: &str) -> impl Iterator<Item = (&str, Option<char>)> {
    text.split_inclusive([';', '\t', '\n', '\r'])
        .map(|part| match part.chars().next_back() {
            Some(last @ (';' | '\t' | '\n' | '\r')) => {
                (&part[..part.len() - last.len_utf8()], Some(last))
            }
            _ => (part, None),
        })
}

/// Returns whether a spreadsheet may execute this part.
fn runs(part: &str) -> bool {
    let begins = part.trim_start_matches(is_passed_over);
    begins.starts_with(is_sign) && !is_number(part)
}

/// Characters before a sign that some spreadsheets skip.
fn is_passed_over(c: char) -> bool {
    match c {
        '\'' | '"' | '`' | '´' | '‘' | '’' | '‚' | '“' | '”' | '„' | '«' | '»' | '＇' | '＂' => {
            true
        }
        c if c.is_ascii_graphic() => false,
        c => {
            c.is_whitespace()
                || c.is_control()
                || c.general_category() == GeneralCategory::Format
                || super::is_invisible(c)
        }
    }
}

/// The signs, also in full and small width, and the minus of mathematics.
fn is_sign(c: char) -> bool {
    matches!(
        c,
        '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '﹦' | '﹢' | '﹣' | '﹫' | '−'
    )
}

/// Returns whether the text is a decimal number as `f64::from_str` reads it, without `inf`
/// and `nan`.
fn is_number(text: &str) -> bool {
    let text = text.trim_matches(' ');
    text.bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
        && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_that_a_spreadsheet_would_run_are_guarded() {
        for (text, guarded) in [
            ("=1+1", "'=1+1"),
            ("+SUM(A1)", "'+SUM(A1)"),
            ("-cmd", "'-cmd"),
            ("@x", "'@x"),
            ("-inf", "'-inf"),
            ("+nan", "'+nan"),
            (" =1", "' =1"),
            ("\"=1\"", "'\"=1\""),
            ("'=1", "''=1"),
            ("\u{200B}=1", "'\u{200B}=1"),
            ("\u{FEFF}=1", "'\u{FEFF}=1"),
            ("\u{202E}@x", "'\u{202E}@x"),
            ("\u{A0}=1", "'\u{A0}=1"),
            ("＝1+1", "'＝1+1"),
            ("＋1x", "'＋1x"),
            ("－x", "'－x"),
            ("＠x", "'＠x"),
            ("a;=1+1", "a;'=1+1"),
            ("a; =1+1", "a;' =1+1"),
            ("a\t=1+1", "a\t'=1+1"),
            ("a\r\n=1+1", "a\r\n'=1+1"),
            ("\t=1", "'\t'=1"),
            ("\r=1", "'\r'=1"),
            ("\tx", "'\tx"),
            (" \rx", "' \rx"),
            ("'\tx", "''\tx"),
            (";;-x", ";;'-x"),
            ("=a;=b", "'=a;'=b"),
        ] {
            assert_eq!(guard_formula(text), guarded, "{text:?}");
            assert_eq!(unguard_formula(guarded), text, "{guarded:?}");
        }
    }

    #[test]
    fn numbers_and_ordinary_texts_are_not_guarded() {
        for text in [
            "plain",
            "-0.25",
            "+1e3",
            "-.5",
            " -5 ",
            "a=b",
            "",
            "x; y",
            "3;-0.5",
            "'t Hooft",
            "a-b;c+d",
            "mail@example.com",
            "''",
        ] {
            assert_eq!(guard_formula(text), text);
            assert_eq!(unguard_formula(text), text);
        }
    }

    proptest! {
        #[test]
        fn formula_guard_round_trips_and_leaves_no_runnable_part(
            text in "[=+@'\";\t\r\n ax0-9.\u{200B}\u{FEFF}＝－-]{0,12}",
        ) {
            let guarded = guard_formula(&text);
            prop_assert_eq!(unguard_formula(&guarded), text.as_str());
            prop_assert!(!leads(&guarded) || guarded.starts_with(GUARD));
            for (part, _) in parts(&guarded) {
                let is_safe = part.starts_with(GUARD) || !runs(part);
                prop_assert!(is_safe, "{:?} of {:?}", part, guarded);
            }
        }
    }
}
