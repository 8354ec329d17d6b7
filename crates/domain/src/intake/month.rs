//! Names of months in the languages of the markets.

use std::{collections::HashMap, sync::LazyLock};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// `number,name,name,…`: the names of months in German, French, Spanish, Italian, Portuguese and
/// Polish, and their abbreviations.
const NAMES: &str = include_str!("months.csv");

const ENGLISH: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

static OTHERS: LazyLock<HashMap<&'static str, u8>> = LazyLock::new(|| {
    let lines = NAMES.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let (number, names) = line.split_once(',')?;
            Some((number.parse::<u8>().ok()?, names))
        })
        .flat_map(|(number, names)| names.split(',').map(move |name| (name, number)))
        .collect()
});

/// The longest name of a month, in bytes, with an accent.
const LONGEST: usize = 16;

/// Returns the number of a month by its name in lower case. English names may be shortened to three
/// letters or more.
pub(super) fn month(text: &str) -> Option<u8> {
    let text = text.trim_end_matches('.');
    let is_english = |name: &&str| *name == text || text.len() >= 3 && name.starts_with(text);
    if let Some(at) = ENGLISH.iter().position(is_english) {
        return u8::try_from(at + 1).ok();
    }
    if !(3..=LONGEST).contains(&text.len()) || !text.starts_with(char::is_alphabetic) {
        return None;
    }
    OTHERS.get(without_accents(text).as_str()).copied()
}

/// Returns a text without its accents: `août` as `aout`.
pub(super) fn without_accents(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn month_is_read_in_each_language() {
        for (text, number) in [
            ("january", 1),
            ("dec", 12),
            ("sept.", 9),
            ("märz", 3),
            ("mrz", 3),
            ("dez", 12),
            ("décembre", 12),
            ("août", 8),
            ("févr.", 2),
            ("juil", 7),
            ("enero", 1),
            ("dic", 12),
            ("giugno", 6),
            ("março", 3),
            ("grudnia", 12),
            ("wrzesień", 9),
        ] {
            assert_eq!(month(text), Some(number), "{text}");
        }
        for text in ["", "ma", "ju", "q3", "jui", "2024", "month", "quartal"] {
            assert_eq!(month(text), None, "{text}");
        }
    }

    /// A name of two months would be read by chance.
    #[test]
    fn no_name_means_two_months() {
        let names = NAMES.lines().filter(|line| !line.starts_with('#'));
        let mut seen = std::collections::HashSet::new();
        let mut numbers = Vec::new();
        for line in names {
            let (number, names) = line.split_once(',').unwrap();
            numbers.push(number.parse::<u8>().unwrap());
            for name in names.split(',') {
                assert!(seen.insert(name), "{name}");
                assert_eq!(without_accents(name), name);
                assert!(name.len() >= 3 && name.len() <= LONGEST, "{name}");
                assert_eq!(month(name), numbers.last().copied(), "{name}");
            }
        }
        assert_eq!(numbers, (1..=12).collect::<Vec<u8>>());
    }
}
