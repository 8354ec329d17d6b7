//! Recognises rows that are not companies: totals, averages, notes.

use super::Survey;
use crate::{
    company::Symbol,
    intake::{
        Cells, Formula,
        column::{ColumnStats, Figures, readings},
        names::COMPANY_NAME,
        number::{Cell, Reading, Separators},
        period::read_period,
        text::squeezed,
    },
};

/// How close a total or an average must be to the column's own, relatively.
pub(super) const SAME: f64 = 0.005;
/// The resolution of medians, as a power of ten.
const BIN: f64 = 0.1;
/// The longest label of a summary, in bytes.
const LONGEST_LABEL: usize = 64;

impl Survey {
    /// Returns why a row is a total, an average or a note rather than a company.
    pub(super) fn is_no_company(&self, row: &Cells<'_>) -> Option<&'static str> {
        const NOTE: &str = "this is a note below or between the data and not a company";
        let mut filled = row.cells.iter().filter(|c| !c.trim().is_empty());
        let only = filled.next().filter(|_| filled.next().is_none());
        if only.is_some_and(|cell| is_note(cell)) {
            return Some(NOTE);
        }
        // A single cell in a line of text may also be a line with another delimiter.
        if only.is_some() && !self.is_fixed_width && self.layout.width() > 3 {
            let is_symbol = !row.at(self.layout.symbol()).is_empty()
                && Symbol::parse("", row.at(self.layout.symbol())).is_ok();
            if !is_symbol || is_note(row.at(self.layout.symbol())) {
                return Some(NOTE);
            }
        }
        let label = self.label(row);
        if !is_summary(label) {
            return is_note(label).then_some(NOTE);
        }
        // A row without a period is not a company; nor is a row whose label cannot be a
        // symbol.
        (!self.has_period(row) || is_phrase(label)).then_some(SUMMARY)
    }

    /// Returns the label of a row: its symbol, or its name if it has none.
    fn label<'a>(&self, row: &Cells<'a>) -> &'a str {
        let symbol = row.at(self.layout.symbol());
        if symbol.is_empty() {
            self.layout.descriptions()[COMPANY_NAME].map_or("", |column| row.at(column))
        } else {
            symbol
        }
    }

    fn has_period(&self, row: &Cells<'_>) -> bool {
        let year = row.at(self.layout.year());
        let quarter = self.layout.quarter().map(|column| row.at(column));
        read_period(self.layout.kind(), year, quarter).is_ok()
    }

    /// Returns whether a row is named like a summary, so that only its figures can show
    /// whether it is one: there are companies whose ticker is TOTAL, LOW or MAX.
    pub(super) fn may_summarise(&self, row: &Cells<'_>) -> bool {
        is_summary(self.label(row))
    }

    pub(super) fn as_doubtful(&self, row: &Cells<'_>) -> Doubtful {
        Doubtful {
            row: row.row,
            cells: row.cells.to_vec(),
            formulas: row.formulas.to_vec(),
            texts: row.texts.to_vec(),
            is_median: words(self.label(row))
                .iter()
                .any(|word| MEDIANS.contains(&word.as_str())),
            block: self
                .block
                .each_ref()
                .map(|block| block.iter().map(Figures::summaries).collect()),
        }
    }

    /// Decides about the rows that are named like summaries, now that every figure is known.
    /// Those that are not summaries are companies.
    pub(super) fn settle_doubtful(&mut self, reading: Reading) {
        for doubtful in std::mem::take(&mut self.doubtful) {
            let row = Cells {
                row: doubtful.row,
                cells: &doubtful.cells,
                formulas: &doubtful.formulas,
                texts: &doubtful.texts,
            };
            let values = self.values(&row, reading);
            let label = self.label(&row);
            let summarises = doubtful.summarises(&self.columns, &values, reading);
            if summarises && !self.has_own_name(&row) {
                self.other_rows.insert(doubtful.row, SUMMARY);
                continue;
            }
            if summarises || label.to_uppercase() != label || !self.layout.names_company() {
                self.likely_summaries.see(row.row, label);
            }
            self.see_company(&row);
            // The next one may summarise this company, too.
            self.settle(reading);
        }
    }
}

impl Survey {
    /// Returns whether a row has the name of a company beside its symbol: `LOW` is `Lowe's`.
    fn has_own_name(&self, row: &Cells<'_>) -> bool {
        let column = self.layout.descriptions()[COMPANY_NAME];
        let words = words(column.map_or("", |column| row.at(column)));
        let is_own = |word: &String| {
            !SUMMARIES.contains(&word.as_str())
                && !QUALIFIERS.contains(&word.as_str())
                && !is_rank(word)
        };
        let names_summary = |word: &String| {
            SUMMARIES.contains(&word.as_str()) && !OF_NAMES.contains(&word.as_str())
        };
        column != Some(self.layout.symbol())
            && words.iter().any(is_own)
            && !words.iter().any(names_summary)
    }

    /// Returns the ratios of a row, in the unit of the file.
    fn values(&self, row: &Cells<'_>, reading: Reading) -> Vec<Option<f64>> {
        let value = |column: &usize| {
            let Cell::Number(number) = Cell::read(row.at(*column)) else {
                return None;
            };
            readings(&number, row.is_text(*column, self.is_fixed_width))[side(reading.separators)]
        };
        self.layout.ratios().iter().map(value).collect()
    }
}

/// The position of a decimal mark in [`crate::intake::column::Readings`].
pub(super) const fn side(separators: Separators) -> usize {
    match separators {
        Separators::Point => 0,
        Separators::Comma => 1,
    }
}

const SUMMARY: &str =
    "this is a total, an average or another summary of other rows and not a company";

/// A row that is named like a summary.
#[derive(Clone, Debug)]
pub(super) struct Doubtful {
    row: u32,
    cells: Vec<String>,
    formulas: Vec<Formula>,
    texts: Vec<u16>,
    /// Whether it is named a median, which is known only approximately.
    is_median: bool,
    /// The summaries of the rows since the last row of this kind, with either decimal mark.
    block: [Vec<Option<[f64; 6]>>; 2],
}

impl Doubtful {
    /// Returns whether most of its ratios are sums, means, medians, bounds or deviations of
    /// those of the table, or of the rows directly above it.
    fn summarises(
        &self,
        columns: &[ColumnStats],
        values: &[Option<f64>],
        reading: Reading,
    ) -> bool {
        let (mut present, mut same) = (0, 0);
        let block = &self.block[side(reading.separators)];
        for ((value, stats), block) in values.iter().zip(columns).zip(block) {
            let (Some(value), Some(of_all)) = (value, stats.read.figures.summaries()) else {
                continue;
            };
            present += 1;
            let is = |other: f64| (value - other).abs() <= SAME * other.abs().max(1e-9);
            let is_median = self.is_median
                && stats
                    .read
                    .sizes
                    .median()
                    .is_some_and(|median| (value.abs() / median).log10().abs() <= BIN);
            let known = of_all.into_iter().chain(block.iter().flatten().copied());
            same += u32::from(is_median || known.into_iter().any(is));
        }
        present > 0 && same * 2 > present
    }
}

/// Words for rows that summarise others, in the languages of the markets.
const SUMMARIES: [&str; 41] = [
    "total",
    "totals",
    "subtotal",
    "sum",
    "average",
    "averages",
    "avg",
    "mean",
    "median",
    "minimum",
    "maximum",
    "min",
    "max",
    "high",
    "low",
    "percentile",
    "quartile",
    "decile",
    "deviation",
    "std",
    "stdev",
    "stddev",
    "variance",
    "summe",
    "gesamt",
    "gesamtsumme",
    "zwischensumme",
    "mittelwert",
    "durchschnitt",
    "medianwert",
    "moyenne",
    "médiane",
    "mediane",
    "somme",
    "promedio",
    "mediana",
    "suma",
    "media",
    "totale",
    "gemiddelde",
    "totaal",
];
/// Of these, the words that names of companies contain.
const OF_NAMES: [&str; 7] = ["total", "sum", "max", "min", "high", "low", "media"];
const MEDIANS: [&str; 5] = ["median", "medianwert", "médiane", "mediane", "mediana"];
/// Words that accompany them.
const QUALIFIERS: [&str; 26] = [
    "grand",
    "sub",
    "peer",
    "peers",
    "group",
    "industry",
    "sector",
    "weighted",
    "simple",
    "standard",
    "dev",
    "of",
    "the",
    "all",
    "companies",
    "overall",
    "portfolio",
    "sample",
    "arithmetic",
    "geometric",
    "column",
    "universe",
    "set",
    "comps",
    "value",
    "values",
];

fn words(label: &str) -> Vec<String> {
    let lower = squeezed(label).to_lowercase();
    lower
        .split([' ', '-', '/', '_', '.', ':', '(', ')'])
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Recognises `75th`, `25%`, `90`.
fn is_rank(word: &str) -> bool {
    let digits = word.trim_end_matches(|c: char| !c.is_ascii_digit());
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Returns whether a label consists of words for summaries only.
fn is_summary(label: &str) -> bool {
    if label.len() > LONGEST_LABEL {
        return false;
    }
    let words = words(label);
    let named = |word: &String| SUMMARIES.contains(&word.as_str());
    words.iter().any(named)
        && words
            .iter()
            .all(|word| named(word) || QUALIFIERS.contains(&word.as_str()) || is_rank(word))
}

/// Returns whether the label has several words, which no ticker has.
fn is_phrase(label: &str) -> bool {
    squeezed(label).contains(' ')
}

fn is_note(label: &str) -> bool {
    let label = squeezed(label).to_lowercase();
    // A line that is drawn with characters, as listings of SAP have them.
    let is_rule = label.len() > 2 && label.chars().all(|c| "-=_+|".contains(c));
    if is_rule {
        return true;
    }
    [
        "source:",
        "sources:",
        "note:",
        "notes:",
        "source ",
        "* ",
        "© ",
        "(c) ",
        "disclaimer",
        "data as of ",
        "as of ",
        "all figures ",
        "figures in ",
        "in millions",
        "in thousands",
        "generated ",
        "exported ",
        "downloaded ",
        "powered by ",
        "copyright",
    ]
    .iter()
    .any(|start| label.starts_with(start))
}
