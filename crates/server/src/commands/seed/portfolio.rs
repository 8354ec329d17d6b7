//! The borrowers of an invented bank: four hundred companies over ten years, the same in every run.
//! Each has a financial health that drifts and has a bad year or two; the ratios follow from it.

use std::fmt::Write;

const FIRST: [&str; 20] = [
    "Alder",
    "Brant",
    "Corvin",
    "Dorn",
    "Elbrook",
    "Fennick",
    "Garrow",
    "Halden",
    "Ister",
    "Jorvik",
    "Kestrel",
    "Lindqvist",
    "Marrow",
    "Norwick",
    "Ostrava",
    "Pellan",
    "Quill",
    "Rowan",
    "Severn",
    "Thale",
];
/// The second word of a name, its sector, and the risk of that sector.
const TRADES: [(&str, &str, f64); 20] = [
    ("Foods", "Consumer Staples", 0.3),
    ("Breweries", "Consumer Staples", 0.1),
    ("Retail", "Consumer Discretionary", -0.5),
    ("Hotels", "Consumer Discretionary", -0.7),
    ("Textiles", "Consumer Discretionary", -0.4),
    ("Energy", "Energy", -0.2),
    ("Drilling", "Energy", -0.6),
    ("Pharma", "Health Care", 0.6),
    ("Clinics", "Health Care", 0.4),
    ("Logistics", "Industrials", 0.0),
    ("Engineering", "Industrials", 0.2),
    ("Construction", "Industrials", -0.6),
    ("Machines", "Industrials", 0.2),
    ("Software", "Information Technology", 0.5),
    ("Semiconductors", "Information Technology", 0.2),
    ("Chemicals", "Materials", 0.1),
    ("Steel", "Materials", -0.4),
    ("Estates", "Real Estate", -0.2),
    ("Telecom", "Telecommunications", 0.2),
    ("Water", "Utilities", 0.5),
];
const COUNTRIES: [(&str, &str); 8] = [
    ("DEU", "EUR"),
    ("FRA", "EUR"),
    ("NLD", "EUR"),
    ("AUT", "EUR"),
    ("POL", "PLN"),
    ("SWE", "SEK"),
    ("GBR", "GBP"),
    ("CHE", "CHF"),
];
/// The state of the economy in each year from 2016.
const CYCLE: [f64; 10] = [0.1, 0.2, 0.2, 0.0, -0.9, -0.2, 0.1, -0.4, -0.2, 0.1];
/// The first year of the annual statements.
pub(super) const FIRST_YEAR: usize = 2016;
/// The number of companies.
pub(super) const COMPANIES: usize = FIRST.len() * TRADES.len();

const COLUMNS: &str = "company_symbol,company_name,sector,country,currency,reporting_year";
const ANNUAL: &str = "long_term_debt_to_total_capital,total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets";
const QUARTERLY: &str = "current_ratio,quick_ratio,debt_to_equity,inventory_turnover,receivables_turnover,working_capital_to_total_assets";

/// A sequence of numbers that is the same in every run (SplitMix64): demonstration data must be the
/// same on every machine, and need not be unpredictable.
pub(super) struct Sequence(u64);

impl Sequence {
    pub(super) const fn of(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what is wanted")]
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// An approximately normal number: mean 0, standard deviation 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// A borrower.
struct Company {
    number: usize,
    symbol: String,
    name: String,
    sector: &'static str,
    sequence: Sequence,
    strength: f64,
}

impl Company {
    fn of(number: usize) -> Self {
        // Companies with adjacent numbers are of different sectors.
        let (first, trade) = (FIRST[number / TRADES.len()], TRADES[number % TRADES.len()]);
        let letter = |n: usize| char::from(b'A' + u8::try_from(n % 26).unwrap_or(0));
        let symbol = format!(
            "{}{}{}",
            first[..2].to_uppercase(),
            letter(number / 26),
            letter(number)
        );
        let mut sequence = Sequence(0xacc0 + number as u64);
        let strength = trade.2 + 0.75 * sequence.normal();
        Self {
            number,
            symbol,
            name: format!("{first} {}", trade.0),
            sector: trade.1,
            sequence,
            strength,
        }
    }

    /// The health of the company in each of `periods` of a year whose economy is `cycle`.
    fn health(&mut self, cycle: &[f64]) -> Vec<f64> {
        let mut own = 0.0;
        cycle
            .iter()
            .map(|economy| {
                own = 0.72 * own + 0.55 * self.sequence.normal();
                self.strength + economy + own
            })
            .collect()
    }

    fn line(&self, period: &str) -> String {
        let (country, currency) = COUNTRIES[self.number % COUNTRIES.len()];
        format!(
            "{},{},{},{country},{currency},{period}",
            self.symbol, self.name, self.sector
        )
    }

    fn annual(&mut self, z: f64) -> [Option<f64>; 5] {
        let mut around = |spread: f64| spread * self.sequence.normal();
        let ratios = [
            (0.36 - 0.13 * z + around(0.05)).clamp(0.0, 1.6),
            if z < -2.2 {
                -4.0
            } else {
                (1.05 - 0.62 * z + around(0.22)).exp().min(60.0)
            },
            (0.055 + 0.05 * z + around(0.02)).clamp(-0.9, 0.6),
            (1.55 + 0.85 * z + around(0.3)).exp().min(120.0),
            (0.042 + 0.037 * z + around(0.012)).clamp(-0.8, 0.5),
        ];
        ratios.map(|value| self.maybe(value))
    }

    fn quarterly(&mut self, z: f64) -> [Option<f64>; 6] {
        let mut around = |spread: f64| spread * self.sequence.normal();
        let current = (0.42 + 0.34 * z + around(0.12)).exp().min(9.5);
        let ratios = [
            current,
            current * (0.62 + around(0.07)).clamp(0.2, 0.98),
            (0.1 - 0.6 * z + around(0.2)).exp().min(7.0),
            (1.7 + 0.2 * z + around(0.3)).exp().min(48.0),
            (1.9 + 0.15 * z + around(0.2)).exp().min(48.0),
            (0.12 + 0.11 * z + around(0.04)).clamp(-0.9, 0.8),
        ];
        ratios.map(|value| self.maybe(value))
    }

    /// Removes one value in thirty, as in real data.
    fn maybe(&mut self, value: f64) -> Option<f64> {
        (self.sequence.unit() > 0.033).then_some(value)
    }
}

fn write_ratios(text: &mut String, line: &str, ratios: &[Option<f64>]) {
    text.push_str(line);
    for ratio in ratios {
        text.push(',');
        if let Some(ratio) = ratio {
            // Writing to a string cannot fail.
            let _ = write!(text, "{ratio:.4}");
        }
    }
    text.push('\n');
}

/// The annual statements of these companies and years, as a CSV file.
pub(super) fn annual(companies: std::ops::Range<usize>, years: std::ops::Range<usize>) -> String {
    let mut text = format!("{COLUMNS},{ANNUAL}\n");
    for number in companies {
        let mut company = Company::of(number);
        for (at, z) in company.health(&CYCLE).into_iter().enumerate() {
            let ratios = company.annual(z);
            if years.contains(&(FIRST_YEAR + at)) {
                let line = company.line(&(FIRST_YEAR + at).to_string());
                write_ratios(&mut text, &line, &ratios);
            }
        }
    }
    text
}

/// The quarterly statements of the last two years, as a CSV file.
pub(super) fn quarterly(companies: std::ops::Range<usize>) -> String {
    let mut text = format!("{COLUMNS},reporting_quarter,{QUARTERLY}\n");
    for number in companies {
        let mut company = Company::of(number);
        let cycle = [-0.2, -0.2, -0.1, 0.0, 0.0, 0.1, 0.1, 0.1];
        for (at, z) in company.health(&cycle).into_iter().enumerate() {
            let ratios = company.quarterly(z);
            let line = company.line(&format!("{},Q{}", 2024 + at / 4, at % 4 + 1));
            write_ratios(&mut text, &line, &ratios);
        }
    }
    text
}

/// Statements as branches send them: some rows are unusable, each for another reason.
pub(super) fn with_faults(companies: std::ops::Range<usize>) -> String {
    let text = annual(companies, 2025..2026);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let faults: [(usize, &str, &str); 6] = [
        (3, "2025", "20x5"),
        (7, "DEU", "Germany-West"),
        (11, "EUR", "EURO"),
        (15, ",2025,", ",1825,"),
        (19, ",2025,", ",,"),
        (23, ",2025,", ",2025,n/k "),
    ];
    for (at, from, to) in faults {
        if let Some(line) = lines.get_mut(at) {
            *line = line.replacen(from, to, 1);
        }
    }
    if let Some(line) = lines.get_mut(27) {
        // A row without any figures.
        let identity: Vec<&str> = line.split(',').take(6).collect();
        *line = format!("{},,,,,", identity.join(","));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn seeded_companies_are_distinct_and_deterministic() {
        let symbols: BTreeSet<_> = (0..COMPANIES).map(|n| Company::of(n).symbol).collect();
        let names: BTreeSet<_> = (0..COMPANIES).map(|n| Company::of(n).name).collect();
        assert_eq!((symbols.len(), names.len()), (400, 400));
        assert_eq!(annual(0..9, 2016..2026), annual(0..9, 2016..2026));
    }

    #[test]
    fn seeded_files_have_a_row_per_company_and_period() {
        assert_eq!(annual(0..400, 2016..2026).lines().count(), 4_001);
        assert_eq!(quarterly(0..400).lines().count(), 3_201);
        // The years of a company are the same in every file.
        let (all, late) = (annual(5..6, 2016..2026), annual(5..6, 2021..2026));
        assert_eq!(all.lines().nth(6), late.lines().nth(1));
    }
}
