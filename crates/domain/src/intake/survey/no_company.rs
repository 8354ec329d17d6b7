//! Rows that are no companies: totals, averages, notes.

use super::Survey;
use crate::{
    company::Symbol,
    intake::{
        Cells,
        number::{Cell, Separators},
        period::read_period,
        text::squeezed,
    },
};

/// How close a total or an average must come to the column's own.
const SAME: f64 = 0.005;

impl Survey {
    /// Why a row is a total, an average or a note rather than a company.
    pub(super) fn is_no_company(&self, row: &Cells<'_>) -> Option<&'static str> {
        const NOTE: &str = "this is a note below or between the data and not a company";
        const SUMMARY: &str =
            "this is a total, an average or another summary of the rows above and not a company";
        let mut filled = row.cells.iter().filter(|c| !c.trim().is_empty());
        let only = filled.next().filter(|_| filled.next().is_none());
        if only.is_some_and(|cell| is_note(cell)) {
            return Some(NOTE);
        }
        // What stands alone in a line of text may also be a line with another delimiter.
        if only.is_some() && !self.is_fixed_width && self.layout.width() > 3 {
            let is_symbol = !row.at(self.layout.symbol()).is_empty()
                && Symbol::parse("", row.at(self.layout.symbol())).is_ok();
            if !is_symbol || is_note(row.at(self.layout.symbol())) {
                return Some(NOTE);
            }
        }
        let symbol = row.at(self.layout.symbol());
        let label = if symbol.is_empty() {
            self.layout.descriptions()[0].map_or("", |column| row.at(column))
        } else {
            symbol
        };
        if !is_summary(label) {
            return is_note(label).then_some(NOTE);
        }
        let year = row.at(self.layout.year());
        let quarter = self.layout.quarter().map(|column| row.at(column));
        let has_period = read_period(self.layout.kind(), year, quarter).is_ok();
        (!has_period || self.summarises(row)).then_some(SUMMARY)
    }

    /// Whether the row's ratios are the sums or the means of those above it.
    fn summarises(&self, row: &Cells<'_>) -> bool {
        let (mut present, mut same) = (0, 0);
        for (stats, column) in self.columns.iter().zip(self.layout.ratios()) {
            let Cell::Number(number) = Cell::read(row.at(*column)) else {
                continue;
            };
            let Some(value) = number
                .decimal(Separators::Point)
                .and_then(|decimal| decimal.parse::<f64>().ok())
            else {
                continue;
            };
            if stats.numbers < 2 {
                continue;
            }
            present += 1;
            let is = |other: f64| (value - other).abs() <= SAME * other.abs().max(1e-9);
            if is(stats.sum) || is(stats.sum / f64::from(stats.numbers)) {
                same += 1;
            }
        }
        present > 0 && same * 2 > present
    }
}

fn is_summary(label: &str) -> bool {
    const WORDS: [&str; 14] = [
        "total",
        "totals",
        "grand total",
        "subtotal",
        "sub total",
        "sum",
        "average",
        "averages",
        "avg",
        "mean",
        "median",
        "minimum",
        "maximum",
        "weighted average",
    ];
    let label = squeezed(label).to_lowercase();
    WORDS.contains(&label.trim_end_matches([':', '.']))
}

fn is_note(label: &str) -> bool {
    let label = squeezed(label).to_lowercase();
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
