//! Several rows that name columns, and data above the header: neither may change the meaning of
//! other rows, or hide them, unnoticed.

use super::{Layout, candidate::Candidate};
use crate::{
    fault::{Fault, shorten},
    intake::{
        Cells,
        names::Field,
        number::{Cell, says_missing},
        period::read_period,
    },
    prediction::Kind,
};

/// The code of a file with several headers, or with data above its header.
const SEVERAL_HEADERS: &str = "several_headers";
/// How many fields, and how many ratios among them, a row must name to be a header.
const MIN_FIELDS: usize = 3;
const MIN_RATIOS: usize = 2;

/// What a row below the header that names columns says about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum NextHeader {
    /// The same columns in the same order, as on the next page of a printed table.
    Same,
    /// Other columns, or the same in another order.
    Other,
}

impl Candidate {
    /// Returns whether the row names enough columns to be the header of a table.
    fn is_header(&self) -> bool {
        let ratios = self.fields.iter().flatten();
        let ratios = ratios.filter(|field| matches!(field, Field::Ratio(_)));
        ratios.count() >= MIN_RATIOS && self.score() >= MIN_FIELDS
    }

    /// Refuses a column that is named in per mille or basis points.
    pub(super) fn other_unit(&self, column: usize) -> Option<Fault> {
        let is_other = self
            .columns
            .get(column)
            .is_some_and(|name| name.is_other_unit);
        is_other.then(|| {
            Fault::new(
                "/file",
                "unknown_unit",
                format!(
                    "the column {:?} is in per mille or basis points: write it as fractions like \
                     0.0045 or in percent like 0.45, with the unit in its name",
                    shorten(&self.names[column])
                ),
            )
        })
    }

    /// Returns the number of ratios that a row has in the columns that this row names, and
    /// whether it has a period there.
    fn data_in(&self, kind: Kind, row: &Cells<'_>) -> (usize, bool) {
        let is_ratio = |field: &Option<Field>| matches!(field, Some(Field::Ratio(_)));
        let columns = self.fields.iter().enumerate();
        let numbers = columns
            .filter(|(column, field)| {
                is_ratio(field) && matches!(Cell::read(row.at(*column)), Cell::Number(_))
            })
            .count();
        let year = self.first(Field::Year).map(|column| row.at(column));
        let quarter = self.first(Field::Quarter).map(|column| row.at(column));
        let period = year.map(|year| read_period(kind, year, quarter));
        (numbers, period.is_some_and(|period| period.is_ok()))
    }
}

/// Reports data above the header: below another header, or in the columns of this one.
pub(super) fn data_above(
    kind: Kind,
    header: &Candidate,
    above: &[Candidate],
    rows: &[Cells<'_>],
) -> Option<Fault> {
    let mut upper: Option<&Candidate> = None;
    let mut found: Option<(u32, u32)> = None;
    for (candidate, row) in above.iter().zip(rows) {
        if candidate.is_header() {
            upper = Some(upper.unwrap_or(candidate));
            continue;
        }
        let (ratios, has_period) = header.data_in(kind, row);
        let below_upper = upper.is_some_and(|upper| {
            let (ratios, has_period) = upper.data_in(kind, row);
            ratios > MIN_RATIOS || has_period && ratios >= MIN_RATIOS
        });
        if below_upper || has_period && ratios >= MIN_RATIOS {
            let (count, first) = found.unwrap_or((0, row.row));
            found = Some((count + 1, first));
        }
    }
    let (count, first) = found?;
    let rows = if count == 1 { "row" } else { "rows" };
    let detail = match upper {
        Some(upper) => format!(
            "the rows {} and {} both name columns, and {count} {rows} of data, the first in row \
             {first}, would be lost between them: send each table as a file or a sheet of its \
             own, or all rows below one header",
            upper.row, header.row
        ),
        None => format!(
            "row {} names the columns, and {count} {rows} of data, the first in row {first}, \
             would be lost above it: move this row above the data",
            header.row
        ),
    };
    Some(Fault::new("/file", SEVERAL_HEADERS, detail))
}

impl Layout {
    /// Returns what a row below the header says about the columns if it is a header, too.
    pub(in crate::intake) fn next_header(&self, row: &Cells<'_>) -> Option<NextHeader> {
        let starts_like_number = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '(' | '.'))
        };
        let is_data = starts_like_number(row.at(self.year))
            || self.ratios.iter().any(|column| {
                let text = row.at(*column);
                !text.is_empty() && (starts_like_number(text) || says_missing(text))
            });
        if is_data {
            return None;
        }
        let candidate = Candidate::of(self.kind, row);
        candidate.is_header().then(|| self.compare(&candidate))
    }

    /// Returns whether a row between companies names columns in words that are not known: its
    /// year and each of its ratios are different words.
    pub(in crate::intake) fn is_unknown_header(&self, row: &Cells<'_>) -> bool {
        let is_word = |text: &str| {
            text.starts_with(char::is_alphabetic) && matches!(Cell::read(text), Cell::Other(_))
        };
        let columns = self.ratios.iter().copied().chain([self.year, self.symbol]);
        let mut texts: Vec<&str> = columns.map(|column| row.at(column)).collect();
        texts.sort_unstable();
        texts.iter().all(|text| is_word(text)) && texts.windows(2).all(|pair| pair[0] != pair[1])
    }

    fn compare(&self, other: &Candidate) -> NextHeader {
        let here = |column: usize| self.fields.get(column).copied().flatten();
        let there = |column: usize| other.fields.get(column).copied().flatten();
        let needed = [Some(self.symbol), Some(self.year), self.quarter];
        let needed = needed
            .into_iter()
            .flatten()
            .chain(self.ratios.iter().copied());
        let has_needed = needed
            .into_iter()
            .all(|column| here(column) == there(column));
        let has_no_other = (0..other.fields.len())
            .all(|column| there(column).is_none() || there(column) == here(column));
        let hint = |column: &usize| other.columns.get(*column).and_then(|name| name.hint);
        let has_units = self.ratios.iter().map(hint).eq(self.hints.iter().copied());
        if has_needed && has_no_other && has_units {
            NextHeader::Same
        } else {
            NextHeader::Other
        }
    }

    /// Reports a header below the data whose columns are others.
    pub(in crate::intake) fn other_header(&self, row: u32, first_name: &str) -> Fault {
        Fault::new(
            "/file",
            SEVERAL_HEADERS,
            format!(
                "row {row} (from {:?}) names columns, too, and not the same in the same order and \
                 unit as row {}, so the rows below it cannot be read like those above: send each \
                 table as a file or a sheet of its own, or give both the same columns",
                shorten(first_name),
                self.header_row
            ),
        )
    }

    /// Returns whether faults of a header mean that its table has several, and not that it lacks
    /// columns.
    #[must_use]
    pub fn has_several_headers(faults: &[Fault]) -> bool {
        faults.iter().any(|fault| fault.code == SEVERAL_HEADERS)
    }
}
