//! Reads countries as users and vendors write them.

use std::{collections::HashMap, sync::LazyLock};

use unicode_normalization::UnicodeNormalization;

/// `code,name,name,…`: names in the languages of the markets.
const NAMES: &str = include_str!("countries.csv");

static COUNTRIES: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let lines = NAMES.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(','))
        .flat_map(|(code, names)| names.split(',').map(move |name| (name, code)))
        .collect()
});

/// The longest name, in bytes; names of states are shorter.
const LONGEST: usize = 120;

/// Returns the alpha-3 code of a country, given by code or name. `Korea` is none: there are two.
pub(super) fn country(text: &str) -> Option<&'static str> {
    if text.len() > LONGEST {
        return None;
    }
    // "Korea, Republic of", as the standard sorts its names.
    let sorted = text
        .split_once(',')
        .map(|(name, kind)| format!("{kind} {name}"));
    let (text, sorted) = (letters(text), sorted.as_deref().map(letters));
    known(&text).or_else(|| known(&sorted?))
}

fn letters(text: &str) -> String {
    text.nfkd()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn known(letters: &str) -> Option<&'static str> {
    if let Some(code) = COUNTRIES.get(letters) {
        return Some(code);
    }
    let found = match letters.len() {
        2 => celes::Country::from_alpha2(letters).or_else(|_| celes::Country::from_alias(letters)),
        3 => celes::Country::from_alpha3(letters).or_else(|_| celes::Country::from_alias(letters)),
        _ => celes::Country::from_name(letters).or_else(|_| celes::Country::from_alias(letters)),
    };
    found.ok().map(|country| country.alpha3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_recognized_by_name_and_both_codes() {
        for (text, code) in [
            ("US", "USA"),
            ("usa", "USA"),
            ("United States", "USA"),
            ("U.S.A.", "USA"),
            ("United Kingdom", "GBR"),
            ("UK", "GBR"),
            ("GB", "GBR"),
            ("South Korea", "KOR"),
            ("Republic of Korea", "KOR"),
            ("Korea, Republic of", "KOR"),
            ("Korea (South)", "KOR"),
            ("Germany", "DEU"),
            ("Taiwan", "TWN"),
            ("Taiwan, Province of China", "TWN"),
            ("Hong Kong", "HKG"),
            ("Hong Kong SAR", "HKG"),
            ("Vietnam", "VNM"),
            ("Russia", "RUS"),
            ("Côte d'Ivoire", "CIV"),
            ("UAE", "ARE"),
            ("GER", "DEU"),
            ("SUI", "CHE"),
        ] {
            assert_eq!(country(text), Some(code), "{text}");
        }
        // There are two of each.
        for text in ["Korea", "Kongo", "Atlantis", "XX", ""] {
            assert_eq!(country(text), None, "{text}");
        }
    }

    #[test]
    fn countries_are_recognized_in_other_languages() {
        for (text, code) in [
            ("Deutschland", "DEU"),
            ("Frankreich", "FRA"),
            ("Österreich", "AUT"),
            ("Südkorea", "KOR"),
            ("Großbritannien", "GBR"),
            ("Royaume-Uni", "GBR"),
            ("États-Unis", "USA"),
            ("Estados Unidos", "USA"),
            ("Stati Uniti", "USA"),
            ("Alemanha", "DEU"),
            ("Niemcy", "DEU"),
            ("Wielka Brytania", "GBR"),
            ("Nederland", "NLD"),
            ("Sverige", "SWE"),
            ("Norge", "NOR"),
            ("Suomi", "FIN"),
            ("Türkiye", "TUR"),
        ] {
            assert_eq!(country(text), Some(code), "{text}");
        }
    }

    /// A name of two countries would be read by chance, and one in another form never.
    #[test]
    fn every_name_is_in_its_comparable_form_and_means_one_country() {
        let mut seen: HashMap<&str, &str> = HashMap::new();
        let lines = NAMES.lines().filter(|line| !line.starts_with('#'));
        for (code, names) in lines.filter_map(|line| line.split_once(',')) {
            assert!(celes::Country::from_alpha3(code).is_ok(), "{code}");
            for name in names.split(',') {
                assert_eq!(letters(name), name);
                let other = seen.insert(name, code);
                assert!(other.is_none_or(|other| other == code), "{name}: {other:?}");
                assert!(name.len() <= LONGEST, "{name}");
            }
        }
    }
}
