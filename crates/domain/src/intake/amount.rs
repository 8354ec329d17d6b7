//! The unit of a column of amounts, as its name states it: `Market Cap ($M)`.

use super::describe::currencies_of;

/// The unit of amounts: a power of ten, and the currencies that it may be of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AmountUnit {
    /// The power of ten by which amounts are multiplied: 6 for millions.
    pub(super) power: i64,
    /// The currencies that the name may mean, the likeliest first; none if it names none.
    pub(super) currencies: Vec<&'static str>,
}

/// Words for powers of ten.
const SCALES: [(&str, i64); 22] = [
    ("k", 3),
    ("thousand", 3),
    ("thousands", 3),
    ("000", 3),
    ("000s", 3),
    ("tsd", 3),
    ("m", 6),
    ("mm", 6),
    ("mn", 6),
    ("mln", 6),
    ("mio", 6),
    ("million", 6),
    ("millions", 6),
    ("b", 9),
    ("bn", 9),
    ("bln", 9),
    ("mrd", 9),
    ("billion", 9),
    ("billions", 9),
    ("t", 12),
    ("tn", 12),
    ("trillion", 12),
];

/// Codes of currencies that names of columns contain.
const CODES: [&str; 20] = [
    "USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "CNY", "INR", "HKD", "SGD", "SEK", "NOK",
    "DKK", "PLN", "BRL", "MXN", "KRW", "TWD", "ZAR",
];

impl AmountUnit {
    /// Returns the unit in the name of a column in lower case, which is every word of a currency or
    /// a scale at its end, in brackets or not, and the words before it.
    pub(super) fn in_name(name: &str) -> Option<(Self, Vec<String>)> {
        let mut unit = Self::default();
        let mut words = Self::words(name);
        let count = words.len();
        while words.last().is_some_and(|word| unit.add(word)) {
            words.pop();
        }
        let is_named = words.len() < count;
        words.retain(|word| word.contains(char::is_alphanumeric));
        is_named.then_some((unit, words))
    }

    /// Returns the words of a name in lower case: `usdm` and `$m` are two each.
    fn words(name: &str) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        let is_between = |c: char| c.is_whitespace() || "()[]{}_-/,.'".contains(c);
        for part in name.split(is_between) {
            let mut rest = part;
            let sign = part
                .chars()
                .next()
                .filter(|c| !currencies_of(*c).is_empty());
            if let Some(sign) = sign {
                words.push(sign.to_string());
                rest = &part[sign.len_utf8()..];
            }
            let code = CODES.iter().find(|code| {
                let start = rest.get(..code.len()).unwrap_or_default();
                start.eq_ignore_ascii_case(code)
            });
            let is_scale = |text: &str| SCALES.iter().any(|(name, _)| *name == text);
            match code.map(|code| rest.split_at(code.len())) {
                Some((code, scale)) if is_scale(scale) => {
                    words.extend([code.to_owned(), scale.to_owned()]);
                }
                _ => words.push(rest.to_owned()),
            }
        }
        words.retain(|word| !matches!(word.as_str(), "" | "in" | "of"));
        words
    }

    /// Adds a word of the unit; `false` if it is none.
    fn add(&mut self, word: &str) -> bool {
        let scale = SCALES.iter().find(|(name, _)| *name == word);
        let code = CODES.iter().find(|code| code.eq_ignore_ascii_case(word));
        let sign = word.chars().next().filter(|_| word.chars().count() == 1);
        let currencies = match (code, sign) {
            (Some(code), _) => std::slice::from_ref(code),
            (None, Some(sign)) => currencies_of(sign),
            (None, None) => &[],
        };
        match (scale, currencies) {
            (Some((_, power)), _) if self.power == 0 => self.power = *power,
            (None, [_, ..]) if self.currencies.is_empty() => self.currencies = currencies.to_vec(),
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_of_amounts_is_read_from_the_name() {
        for (name, power, currency) in [
            ("market cap ($m)", 6, Some("USD")),
            ("market cap (usd bn)", 9, Some("USD")),
            ("market cap [eur mn]", 6, Some("EUR")),
            ("market cap (millions)", 6, None),
            ("market cap in millions", 6, None),
            ("market cap (€)", 0, Some("EUR")),
            ("market_cap_mm", 6, None),
            ("market cap ($usdmm)", 6, Some("USD")),
            ("market_cap_usdm", 6, Some("USD")),
            ("market cap ($ in millions)", 6, Some("USD")),
            ("market cap ('000)", 3, None),
        ] {
            let (unit, words) = AmountUnit::in_name(name).unwrap();
            assert_eq!(words, ["market", "cap"], "{name}");
            assert_eq!(unit.power, power, "{name}");
            assert_eq!(unit.currencies.first().copied(), currency, "{name}");
        }
        for name in ["market cap", "market cap (m b)", "debt / ebitda (x)"] {
            let unit = AmountUnit::in_name(name);
            assert!(unit.is_none_or(|(_, words)| words.len() == 3), "{name}");
        }
    }
}
