//! Checks whether a row describes the company that was found by its symbol.

use crate::company::{CompanyProfile, DEFAULT_COUNTRY, UNKNOWN_COUNTRY};

/// Suffixes and fillers of company names that are ignored in comparisons.
const LEGAL_FORMS: [&str; 34] = [
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "co",
    "company",
    "ltd",
    "limited",
    "plc",
    "llc",
    "lp",
    "llp",
    "ag",
    "se",
    "sa",
    "spa",
    "nv",
    "bv",
    "gmbh",
    "kg",
    "ab",
    "asa",
    "as",
    "oyj",
    "oy",
    "kk",
    "pjsc",
    "jsc",
    "tbk",
    "bhd",
    "holdings",
    "holding",
    "group",
    "the",
];
/// How similar two names must be to count as spellings of one name.
const ALIKE: f64 = 0.85;

/// What distinguishes a company from another one with the same symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Described<'a> {
    /// Its name.
    pub name: &'a str,
    /// The exchange where it is listed.
    pub exchange: Option<&'a str>,
    /// Its country, alpha-3.
    pub country: &'a str,
    /// Its legal entity identifier.
    pub lei: Option<&'a str>,
}

impl<'a> Described<'a> {
    /// Returns the description of a profile.
    #[must_use]
    pub fn of(profile: &'a CompanyProfile) -> Self {
        Self {
            name: &profile.name,
            exchange: profile.exchange.as_deref(),
            country: &profile.country,
            lei: profile.identifiers.lei.as_deref(),
        }
    }
}

/// Describes how a row's description contradicts the company that was found by its symbol,
/// naming both; `None` if they may be the same.
///
/// A name contradicts if it is not a spelling of the same name; an exchange if both
/// descriptions have one; a country if the row names another than [`DEFAULT_COUNTRY`], which
/// may mean that none was given, and both are known.
#[must_use]
pub fn contradiction(symbol: &str, found: Described<'_>, row: Described<'_>) -> Option<String> {
    // A legal entity keeps its LEI for ever, whatever its name is.
    if let (Some(there), Some(here)) = (found.lei, row.lei) {
        return (there != here).then(|| {
            format!(
                "{symbol} is {} with the LEI {there} here, and the row names {} with the LEI {here}",
                described(found),
                described(row)
            )
        });
    }
    // A company without a name has its symbol as its name.
    if found.name == symbol || row.name == symbol {
        return None;
    }
    let (there, here) = (key(found.name), key(row.name));
    let is_one_name = there == here
        || there.contains(&here)
        || here.contains(&there)
        || strsim::jaro_winkler(&there, &here) >= ALIKE;
    let is_elsewhere = row.country != found.country
        && ![DEFAULT_COUNTRY, UNKNOWN_COUNTRY].contains(&row.country)
        && found.country != UNKNOWN_COUNTRY;
    let is_listed_elsewhere =
        matches!((row.exchange, found.exchange), (Some(a), Some(b)) if !a.eq_ignore_ascii_case(b));
    (!is_one_name || is_elsewhere || is_listed_elsewhere).then(|| {
        format!(
            "{symbol} is {} here, and the row names {}",
            described(found),
            described(row)
        )
    })
}

fn described(company: Described<'_>) -> String {
    match company.exchange {
        Some(exchange) => format!("{:?} ({exchange}, {})", company.name, company.country),
        None => format!("{:?} ({})", company.name, company.country),
    }
}

/// Returns a name without case, punctuation and legal forms.
fn key(name: &str) -> String {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let kept: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| !LEGAL_FORMS.contains(word))
        .collect();
    if kept.is_empty() {
        words.concat()
    } else {
        kept.concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn company<'a>(name: &'a str, exchange: &'a str, country: &'a str) -> Described<'a> {
        Described {
            name,
            exchange: Some(exchange),
            country,
            lei: None,
        }
    }

    #[test]
    fn companies_with_the_same_lei_are_the_same() {
        const APPLE: &str = "HWUPKR0MPOU8FGXBT394";
        let stored = Described {
            lei: Some(APPLE),
            ..company("Anzara Holdings Inc", "NYSE", "USA")
        };
        let renamed = Described {
            lei: Some(APPLE),
            ..company("Something Else Ltd", "ASX", "AUS")
        };
        assert_eq!(contradiction("ANZX", stored, renamed), None);
        let other = Described {
            lei: Some("5493006MHB84DD0ZWV18"),
            ..stored
        };
        let detail = contradiction("ANZX", stored, other).unwrap();
        assert!(detail.contains(APPLE) && detail.contains("5493006MHB84DD0ZWV18"));
    }

    #[test]
    fn contradicting_company_is_reported_with_both_names() {
        let stored = company("Anzara Holdings Inc", "NYSE", "USA");
        let detail =
            contradiction("ANZX", stored, company("Anzac Ports Ltd", "ASX", "AUS")).unwrap();
        for part in [
            "Anzara Holdings Inc",
            "Anzac Ports Ltd",
            "NYSE",
            "ASX",
            "ANZX",
        ] {
            assert!(detail.contains(part), "{part}: {detail}");
        }
    }

    #[test]
    fn other_spelling_of_a_name_is_the_same_company() {
        let stored = company("Anzara Holdings Inc", "NYSE", "USA");
        for (name, exchange, country) in [
            ("Anzara Holdings, Inc.", "NYSE", "USA"),
            ("ANZARA", "NYSE", "USA"),
            ("Anzarra Holdings Inc", "NYSE", "USA"),
            ("ANZX", "ASX", "AUS"),
        ] {
            let row = company(name, exchange, country);
            assert_eq!(contradiction("ANZX", stored, row), None, "{name}");
        }
    }

    #[test]
    fn same_name_in_another_country_or_exchange_is_reported() {
        let stored = company("Anzara Holdings Inc", "NYSE", "USA");
        for (exchange, country) in [("NYSE", "DEU"), ("XETRA", "USA"), ("XETRA", "DEU")] {
            let row = company("Anzara Holdings, Inc.", exchange, country);
            let detail = contradiction("ANZX", stored, row).unwrap();
            assert!(
                detail.contains(exchange) && detail.contains(country),
                "{detail}"
            );
        }
        // A row without a country has the default of the schema.
        let german = company("Anzara Holdings Inc", "NYSE", "DEU");
        assert_eq!(contradiction("ANZX", german, stored), None);
        let unknown = company("Anzara Holdings Inc", "NYSE", UNKNOWN_COUNTRY);
        assert_eq!(contradiction("ANZX", german, unknown), None);
        assert_eq!(contradiction("ANZX", unknown, german), None);
    }
}
