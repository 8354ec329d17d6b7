//! Finds the header of a table and the meaning of its columns.

mod candidate;
mod headers;
mod warnings;

pub(super) use headers::NextHeader;

use super::{
    Cells,
    amount::AmountUnit,
    names::{COMPANY_NAME, DESCRIPTIONS, Field, MARKET_CAP, NATIONAL_ID},
    period,
    symbol::{read_identifier, read_symbol},
};
use crate::{
    company::Symbol, fault::Fault, identifier::IdentifierKind, prediction::Kind, ratio::RatioUnit,
};
use candidate::Candidate;

/// The column that the file of corrected rows has in addition; ignored when it is sent again.
pub const ERROR_COLUMN: &str = "error";
/// The largest number of names that an error lists.
const LISTED: usize = 30;

/// The recognised header of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    kind: Kind,
    header_row: u32,
    names: Vec<String>,
    symbol: usize,
    year: usize,
    quarter: Option<usize>,
    descriptions: [Option<usize>; DESCRIPTIONS.len()],
    /// The meaning of each column.
    fields: Vec<Option<Field>>,
    ratios: Vec<usize>,
    hints: Vec<Option<RatioUnit>>,
    ignored: Vec<String>,
    /// Columns that mean the same as a column under its own name, and that name.
    repeated: Vec<(String, &'static str)>,
    /// The kind of identifier that names companies if there are no symbols.
    symbol_kind: Option<IdentifierKind>,
    /// The unit that the name of the column of market values states.
    market_cap_unit: Option<AmountUnit>,
    /// Whether national numbers are those of the SEC's register.
    is_cik: bool,
}

/// Returns the columns of identifiers that can identify a company instead of a symbol.
fn identifiers(
    descriptions: &[Option<usize>; DESCRIPTIONS.len()],
) -> impl Iterator<Item = (usize, IdentifierKind)> {
    let named = DESCRIPTIONS.iter().zip(descriptions);
    named.filter_map(|(name, column)| {
        let kinds = [
            IdentifierKind::Isin,
            IdentifierKind::Lei,
            IdentifierKind::Figi,
        ];
        let kind = kinds.into_iter().find(|kind| kind.as_str() == *name)?;
        Some(((*column)?, kind))
    })
}

impl Layout {
    /// The number of rows of a table that are searched for its header.
    pub const SEARCHED: u32 = 40;

    /// Finds the header among the first rows of a table: the first of the rows that name the most
    /// fields, and every needed one if there is such a row. Titles, group heads and blank rows may
    /// precede it.
    ///
    /// # Errors
    /// `empty_file` if there is no row; `unknown_unit` if a column is named per mille or basis points; `missing_columns`, which names the row that was read as
    /// the header, the recognised columns and the others; `repeated_column` if two columns mean
    /// the same; `several_headers` if there are data above the header.
    pub fn find(kind: Kind, rows: &[Cells<'_>]) -> Result<Self, Vec<Fault>> {
        let candidates: Vec<Candidate> = rows.iter().map(|row| Candidate::of(kind, row)).collect();
        let best = candidates
            .iter()
            .enumerate()
            .filter(|(_, candidate)| !candidate.names.is_empty())
            .max_by_key(|(at, candidate)| {
                let score = candidate.score();
                let below = rows.get(at + 1..).unwrap_or_default();
                let is_complete =
                    score > kind.ratios().len() && Self::of(kind, candidate, below).is_ok();
                (is_complete, score, usize::MAX - at)
            });
        let Some((at, header)) = best else {
            return Err(vec![Fault::new(
                "/file",
                "empty_file",
                "the file is empty; one of its first rows must name the columns",
            )]);
        };
        let layout = Self::of(kind, header, &rows[at + 1..])?;
        match headers::data_above(kind, header, &candidates[..at], &rows[..at]) {
            Some(fault) => Err(vec![fault]),
            None => Ok(layout),
        }
    }

    fn of(kind: Kind, header: &Candidate, below: &[Cells<'_>]) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut at = |field: Field| match header.column(kind, field) {
            Ok(column) => column,
            Err(fault) => {
                faults.push(fault);
                None
            }
        };
        let symbol = at(Field::Symbol);
        let year = at(Field::Year);
        let quarter = at(Field::Quarter);
        let ratios: Vec<Option<usize>> = (0..kind.ratios().len())
            .map(|ratio| at(Field::Ratio(ratio)))
            .collect();
        let mut descriptions = [None; DESCRIPTIONS.len()];
        for (place, column) in descriptions.iter_mut().enumerate() {
            // A repeated description is no reason to refuse the file: the first is used.
            *column = header.first(Field::Description(place));
        }
        // Companies are identified by an identifier if the file has no symbol.
        let symbol_kind = symbol.is_none().then(|| identifiers(&descriptions).next());
        let symbol_kind = symbol_kind.flatten();
        let symbol = symbol.or(symbol_kind.map(|(column, _)| column));
        let mut missing = Vec::new();
        if symbol.is_none() {
            missing.push(Field::Symbol);
        }
        if year.is_none() {
            missing.push(Field::Year);
        }
        let needs_quarter = kind == Kind::Quarterly && quarter.is_none();
        if needs_quarter && !year.is_some_and(|year| names_quarters(below, year)) {
            missing.push(Field::Quarter);
        }
        missing.extend(
            (0..ratios.len())
                .filter(|ratio| ratios[*ratio].is_none())
                .map(Field::Ratio),
        );
        let columns = ratios.iter().flatten();
        faults.extend(columns.filter_map(|column| header.other_unit(*column)));
        // A repeated column is not missing.
        missing.retain(|field| !header.fields.contains(&Some(*field)));
        if !missing.is_empty() {
            faults.insert(0, header.lacks(kind, &missing));
        }
        let (Some(symbol), Some(year), true) = (symbol, year, faults.is_empty()) else {
            return Err(faults);
        };
        let ratios: Vec<usize> = ratios.into_iter().flatten().collect();
        let used: Vec<usize> = [Some(symbol), Some(year), quarter]
            .into_iter()
            .chain(descriptions)
            .flatten()
            .chain(ratios.iter().copied())
            .collect();
        let unused = header.names.iter().enumerate().filter(|(column, name)| {
            !used.contains(column) && !name.is_empty() && *name != ERROR_COLUMN
        });
        let (mut ignored, mut repeated) = (Vec::new(), Vec::new());
        for (column, name) in unused {
            match header.fields[column] {
                Some(field) => repeated.push((name.clone(), field.name(kind))),
                None => ignored.push(name.clone()),
            }
        }
        Ok(Self {
            kind,
            header_row: header.row,
            names: header.names.clone(),
            symbol,
            year,
            quarter,
            descriptions,
            fields: header.fields.clone(),
            hints: ratios.iter().map(|r| header.columns[*r].hint).collect(),
            ratios,
            ignored,
            repeated,
            symbol_kind: symbol_kind.map(|(_, kind)| kind),
            market_cap_unit: descriptions[MARKET_CAP]
                .and_then(|column| header.columns[column].amount_unit().cloned()),
            is_cik: descriptions[NATIONAL_ID]
                .is_some_and(|column| header.columns[column].key == "cik"),
        })
    }

    /// The kind of the predictions in the table.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The row number of the header, from 1.
    #[must_use]
    pub const fn header_row(&self) -> u32 {
        self.header_row
    }

    /// The names of the columns as written in the header.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.names.len()
    }

    /// Reports a row whose number of cells differs from the number of columns.
    pub(super) fn shape(&self, row: &Cells<'_>, is_fixed_width: bool) -> Option<Fault> {
        let width = self.width();
        let used = row
            .cells
            .iter()
            .rposition(|cell| !cell.trim().is_empty())
            .map_or(0, |last| last + 1);
        let is_short = is_fixed_width && row.cells.len() < width;
        // Each cell of a workbook has its column, whatever else is written in the row.
        if (used <= width || !is_fixed_width) && !is_short {
            return None;
        }
        let hint = if used == width + 1 {
            "; a comma inside a name or a decimal comma needs quotation marks, or another \
             delimiter such as a semicolon; if every row is like this, the header lacks the name \
             of the first column (in R, write with row.names=FALSE or col.names=NA)"
        } else if used > width {
            "; a comma inside a name or a decimal comma needs quotation marks, or another \
             delimiter such as a semicolon"
        } else {
            "; write an empty cell where a value is missing"
        };
        Some(Fault::new(
            "",
            "cell_count",
            format!(
                "the row has {} cells and the header has {width} columns{hint}",
                if used > width { used } else { row.cells.len() }
            ),
        ))
    }

    /// Returns the first cell of a workbook's row that is beside the table, in a column without a
    /// name: its address and its text.
    pub(super) fn beside<'a>(&self, row: &Cells<'a>) -> Option<(String, &'a str)> {
        let mut cells = row.cells.iter().enumerate().skip(self.width());
        let (column, text) = cells.find(|(_, text)| !text.trim().is_empty())?;
        Some((format!("{}{}", letters(column), row.row), text.trim()))
    }

    /// The column of the symbol.
    #[must_use]
    pub const fn symbol(&self) -> usize {
        self.symbol
    }

    /// Reads the symbol of a row, or the identifier that stands for it.
    ///
    /// # Errors
    /// `required`, `invalid_symbol` at the name of the column.
    pub(super) fn read_symbol(&self, row: &Cells<'_>) -> Result<Symbol, Fault> {
        let text = row.at(self.symbol);
        match self.symbol_kind {
            Some(kind) => read_identifier(kind, text),
            None => read_symbol(text),
        }
    }

    /// The unit that the name of the column of market values states.
    pub(super) const fn market_cap_unit(&self) -> Option<&AmountUnit> {
        self.market_cap_unit.as_ref()
    }

    /// Whether national numbers are those of the SEC's register.
    pub(super) const fn is_cik(&self) -> bool {
        self.is_cik
    }

    /// The column of the year.
    pub(super) const fn year(&self) -> usize {
        self.year
    }

    /// The column of the quarter.
    pub(super) const fn quarter(&self) -> Option<usize> {
        self.quarter
    }

    /// The columns of the descriptions, in the order of [`DESCRIPTIONS`].
    pub(super) const fn descriptions(&self) -> &[Option<usize>; DESCRIPTIONS.len()] {
        &self.descriptions
    }

    /// The columns of the ratios, in the order of [`Kind::ratios`].
    pub(super) fn ratios(&self) -> &[usize] {
        &self.ratios
    }

    /// The unit that the name of a ratio's column states.
    pub(super) fn hint(&self, ratio: usize) -> Option<RatioUnit> {
        self.hints.get(ratio).copied().flatten()
    }

    /// Returns the symbol, name and period of a row as written in it.
    #[must_use]
    pub fn says_of_itself(&self, cells: &[String]) -> [String; 3] {
        let at = |column: usize| cells.get(column).map_or("", |cell| cell.trim()).to_owned();
        let period = match self.quarter {
            Some(quarter) => format!("{} {}", at(self.year), at(quarter)),
            None => at(self.year),
        };
        let name = self.descriptions[COMPANY_NAME].map(at).unwrap_or_default();
        [at(self.symbol), name, period.trim().to_owned()]
    }

    /// Returns whether rows name their company or its sector, in addition to its symbol.
    #[must_use]
    pub const fn names_company(&self) -> bool {
        self.descriptions[0].is_some() || self.descriptions[1].is_some()
    }

    /// The name of a column in the file.
    pub(super) fn name(&self, column: usize) -> &str {
        self.names.get(column).map_or("", String::as_str)
    }
}

/// Returns the letters by which spreadsheets name a column, from 0: A to Z, AA and so on.
fn letters(column: usize) -> String {
    let last = u8::try_from(column % 26).map_or('?', |letter| char::from(b'A' + letter));
    match column / 26 {
        0 => last.to_string(),
        more => letters(more - 1) + &last.to_string(),
    }
}

/// Returns whether the cells of the year also name quarters, like `2024Q3`.
fn names_quarters(rows: &[Cells<'_>], year: usize) -> bool {
    let mut seen = 0;
    for row in rows {
        let cell = row.at(year);
        if cell.is_empty() {
            continue;
        }
        seen += 1;
        if period::read_period(Kind::Quarterly, cell, None).is_err() {
            return false;
        }
    }
    seen > 0
}

#[cfg(test)]
mod tests;
