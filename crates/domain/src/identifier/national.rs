//! VAT numbers and other numbers of national registers. A number that begins with the letters
//! of a country whose VAT numbers have check digits is checked by them; of other numbers only
//! the form is checked.

/// Returns whether a text in capitals without blanks and punctuation may be stored.
pub(super) fn is_sound(text: &str) -> bool {
    let has_form = (4..=32).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && text.bytes().any(|b| b.is_ascii_digit());
    has_form && vat(text).unwrap_or(true)
}

/// Returns whether a VAT number has the length and the check digits of its country, or `None`
/// for a text that is not a VAT number of a known country.
fn vat(text: &str) -> Option<bool> {
    let (country, rest) = split(text)?;
    let body = match country {
        "NL" => {
            let (body, branch) = rest.split_once('B').unwrap_or((rest, "01"));
            return Some(branch.len() == 2 && digits(branch).is_some() && is_dutch(text, body));
        }
        "CHE" => rest.trim_end_matches(|c: char| c.is_ascii_uppercase()),
        "NO" => rest.trim_end_matches("MVA"),
        _ => rest,
    };
    let Some(d) = digits(body) else {
        // The key of a French number may be letters.
        return (country == "FR" && rest.len() == 11)
            .then(|| digits(&rest[2..]).is_some_and(|siren| luhn(&siren)));
    };
    Some(match (country, d.len()) {
        ("ATU", 8) => is_austrian(&d),
        ("BE", 10) => 97 - number(&d[..8]) % 97 == number(&d[8..]),
        ("CHE", 9) => (11 - weighted(&d, &[5, 4, 3, 2, 7, 6, 5, 4]) % 11) % 11 == d[8],
        ("DE", 9) => is_german(&d),
        ("DK", 8) => weighted(&d, &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11),
        ("FI", 8) => weighted(&d, &[7, 9, 10, 5, 8, 4, 2, 1]).is_multiple_of(11),
        ("FR", 11) => luhn(&d[2..]) && number(&d[..2]) == (12 + 3 * (number(&d[2..]) % 97)) % 97,
        ("GB", 9 | 12) => {
            let sum = weighted(&d, &[8, 7, 6, 5, 4, 3, 2, 10, 1]);
            sum.is_multiple_of(97) || (sum + 55).is_multiple_of(97)
        }
        ("IT", 11) => luhn(&d),
        ("LU", 8) => number(&d[..6]) % 89 == number(&d[6..]),
        ("NO", 9) => weighted(&d, &[3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11),
        ("PL", 10) => weighted(&d, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == d[9],
        ("PT", 9) => {
            let check = 11 - weighted(&d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
            d[8] == if check > 9 { 0 } else { check }
        }
        ("SE", 10 | 12) => luhn(&d[..10]),
        _ => false,
    })
}

/// Returns the letters of the country, and the rest; `None` if the rest does not have the form
/// of VAT numbers, as in `DEHRB42243`.
fn split(text: &str) -> Option<(&'static str, &str)> {
    const COUNTRIES: [&str; 15] = [
        "ATU", "BE", "CHE", "DE", "DK", "FI", "FR", "GB", "IT", "LU", "NL", "NO", "PL", "PT", "SE",
    ];
    let (country, rest) = COUNTRIES
        .into_iter()
        .find_map(|country| Some((country, text.strip_prefix(country)?)))?;
    let starts_as_number = match country {
        "FR" => rest.len() == 11,
        _ => rest.starts_with(|c: char| c.is_ascii_digit()),
    };
    starts_as_number.then_some((country, rest))
}

fn digits(text: &str) -> Option<Vec<u64>> {
    let digit = |c: char| c.to_digit(10).map(u64::from);
    (!text.is_empty()).then(|| text.chars().map(digit).collect())?
}

fn number(digits: &[u64]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + digit)
}

fn weighted(digits: &[u64], weights: &[u64]) -> u64 {
    digits.iter().zip(weights).map(|(d, w)| d * w).sum()
}

/// Checks the sum of the digits, of which every second one, from the right, counts twice.
fn luhn(digits: &[u64]) -> bool {
    let doubled = digits.iter().rev().enumerate().map(|(at, d)| match at % 2 {
        0 => *d,
        _ => 2 * d / 10 + 2 * d % 10,
    });
    doubled.sum::<u64>().is_multiple_of(10)
}

fn is_austrian(d: &[u64]) -> bool {
    let sum: u64 = d[..7]
        .iter()
        .enumerate()
        .map(|(at, d)| {
            if at % 2 == 0 {
                *d
            } else {
                2 * d / 10 + 2 * d % 10
            }
        })
        .sum();
    (10 - (sum + 4) % 10) % 10 == d[7]
}

/// Checks ISO 7064, MOD 11,10.
fn is_german(d: &[u64]) -> bool {
    let product = d[..8].iter().fold(10, |product, digit| {
        let sum = match (digit + product) % 10 {
            0 => 10,
            sum => sum,
        };
        2 * sum % 11
    });
    (11 - product) % 10 == d[8]
}

/// Numbers of companies have a check digit; those of natural persons, since 2020, two over the
/// whole.
fn is_dutch(text: &str, body: &str) -> bool {
    let Some(d) = digits(body).filter(|d| d.len() == 9) else {
        return false;
    };
    let sum = weighted(&d, &[9, 8, 7, 6, 5, 4, 3, 2]);
    let whole = text.bytes().fold(0_u64, |rest, b| {
        let (value, places) = match b {
            b'0'..=b'9' => (u64::from(b - b'0'), 10),
            _ => (u64::from(b - b'A') + 10, 100),
        };
        (rest * places + value) % 97
    });
    sum % 11 == d[8] || whole == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn national_numbers_have_the_check_digits_of_their_country() {
        for number in [
            "ATU13585627",
            "BE0428759497",
            "CHE107787577IVA",
            "CHE107787577",
            "DE136695976",
            "DK13585628",
            "FI20774740",
            "FR40303265045",
            "FR83404833048",
            "FRK7399859412",
            "GB980780684",
            "IT00743110157",
            "LU15027442",
            "NL004495445B01",
            "NL123456789B13",
            "NO995525828MVA",
            "NO995525828",
            "PL8567346215",
            "PT501964843",
            "SE123456789701",
        ] {
            assert!(is_sound(number), "{number}");
            let at = number
                .bytes()
                .rposition(|b| b.is_ascii_digit() && b != b'B')
                .unwrap();
            let at = if number.starts_with("NL") { 9 } else { at };
            let at = if number.starts_with("SE") { 11 } else { at };
            let digit = (number.as_bytes()[at] - b'0' + 1) % 10;
            let mut wrong = number.to_owned();
            wrong.replace_range(at..=at, &digit.to_string());
            assert!(!is_sound(&wrong), "{wrong}");
        }
    }

    #[test]
    fn national_number_of_wrong_length_is_refused_for_checked_countries_only() {
        for number in [
            "DE13669597",
            "IT123",
            "NL123456789",
            "GB1234567890",
            "FR1234567890A",
        ] {
            assert!(!is_sound(number), "{number}");
        }
        for number in [
            "ES54362315K",
            "DEHRB42243",
            "US123456789",
            "0000320193",
            "SE5560360793",
        ] {
            assert!(is_sound(number), "{number}");
        }
    }
}
