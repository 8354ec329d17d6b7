//! Finds the header of a table and the meaning of its columns.

mod headers;

pub(super) use headers::NextHeader;

use super::{
    Cells,
    names::{ColumnName, DESCRIPTIONS, Field},
    period,
    text::name_in,
};
use crate::{
    fault::{Fault, shorten},
    job::JobWarning,
    prediction::Kind,
    ratio::RatioUnit,
};

/// The column that the file of corrected rows has in addition; ignored when it is sent again.
pub const ERROR_COLUMN: &str = "error";
/// How similar an unknown name must be to a missing one to be suggested.
const ALIKE: f64 = 0.8;
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
}

/// Returns the columns of identifiers that can identify a company instead of a symbol.
fn identifiers(descriptions: &[Option<usize>; DESCRIPTIONS.len()]) -> impl Iterator<Item = usize> {
    let named = DESCRIPTIONS.iter().zip(descriptions);
    named.filter_map(|(name, column)| column.filter(|_| matches!(*name, "isin" | "lei" | "figi")))
}

/// A row read as a header: the possible meaning of each column.
struct Candidate {
    row: u32,
    names: Vec<String>,
    columns: Vec<ColumnName>,
    fields: Vec<Option<Field>>,
}

impl Candidate {
    fn of(kind: Kind, row: &Cells<'_>) -> Self {
        let mut names: Vec<String> = row.cells.iter().map(|cell| name_in(cell)).collect();
        while names.last().is_some_and(String::is_empty) {
            names.pop();
        }
        let columns: Vec<ColumnName> = names.iter().map(|name| ColumnName::read(name)).collect();
        let fields = columns
            .iter()
            .map(|column| Field::meant_by(kind, column))
            .collect();
        let fields = with_period(kind, &columns, fields);
        Self {
            row: row.row,
            names,
            columns,
            fields,
        }
    }

    /// Returns how many different fields the row names.
    fn score(&self) -> usize {
        let mut found: Vec<Field> = self.fields.iter().flatten().copied().collect();
        found.sort_by_key(|field| format!("{field:?}"));
        found.dedup();
        found.len()
    }
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
        let symbol = symbol.or_else(|| identifiers(&descriptions).next());
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
        let hint = if used > width {
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
        let name = self.descriptions[0].map(at).unwrap_or_default();
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

    /// Returns the warnings about the header.
    #[must_use]
    pub fn warnings(&self) -> Vec<JobWarning> {
        let mut warnings = Vec::new();
        if identifiers(&self.descriptions).any(|column| column == self.symbol) {
            let name = self.name(self.symbol);
            warnings.push(JobWarning {
                code: "symbol_from_identifier".to_owned(),
                detail: format!(
                    "the file has no column of symbols, so companies have {} for their symbol; add \
                     a column company_symbol if they are known by a ticker",
                    shorten(name)
                ),
                columns: vec![name.to_owned()],
            });
        }
        let matched = self.matched();
        if !matched.is_empty() {
            let pairs: Vec<String> = matched
                .iter()
                .take(LISTED)
                .map(|(name, field)| format!("{:?} was read as {field}", shorten(name)))
                .collect();
            warnings.push(JobWarning {
                code: "matched_columns".to_owned(),
                detail: pairs.join("; "),
                columns: matched.into_iter().map(|(name, _)| name).collect(),
            });
        }
        if !self.repeated.is_empty() {
            let pairs: Vec<String> = self
                .repeated
                .iter()
                .take(LISTED)
                .map(|(name, field)| format!("{:?} also means {field}", shorten(name)))
                .collect();
            warnings.push(JobWarning {
                code: "repeated_column".to_owned(),
                detail: format!(
                    "{}; it was not read, because another column does: make sure that they agree",
                    pairs.join("; ")
                ),
                columns: self.repeated.iter().map(|(name, _)| name.clone()).collect(),
            });
        }
        if !self.ignored.is_empty() {
            let names: Vec<_> = self
                .ignored
                .iter()
                .take(LISTED)
                .map(|n| shorten(n))
                .collect();
            warnings.push(JobWarning {
                code: "ignored_columns".to_owned(),
                detail: format!(
                    "{} predictions have no use for {}; check the spelling if one of these was \
                     meant to be used",
                    self.kind,
                    names.join(", ")
                ),
                columns: self.ignored.clone(),
            });
        }
        warnings
    }

    /// Returns the columns whose names differ from those of our own files, with their meaning.
    fn matched(&self) -> Vec<(String, &'static str)> {
        let own = [
            (Some(self.symbol), Field::Symbol),
            (Some(self.year), Field::Year),
            (self.quarter, Field::Quarter),
        ];
        let descriptions = self.descriptions.iter().enumerate();
        let ratios = self.ratios.iter().enumerate();
        own.into_iter()
            .chain(descriptions.map(|(at, column)| (*column, Field::Description(at))))
            .chain(ratios.map(|(at, column)| (Some(*column), Field::Ratio(at))))
            .filter_map(|(column, field)| {
                let name = self.name(column?);
                let own = field.name(self.kind);
                (name != own).then(|| (name.to_owned(), own))
            })
            .collect()
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

impl Candidate {
    fn columns_of(&self, field: Field) -> Vec<usize> {
        let meant = self.fields.iter().enumerate();
        meant
            .filter(|(_, meant)| **meant == Some(field))
            .map(|(column, _)| column)
            .collect()
    }

    fn first(&self, field: Field) -> Option<usize> {
        let own = field.name(Kind::Annual);
        let columns = self.columns_of(field);
        let exact = columns.iter().find(|c| self.names[**c] == own);
        exact.or(columns.first()).copied()
    }

    /// Returns the column of a field. The name of our own files takes precedence over others.
    fn column(&self, kind: Kind, field: Field) -> Result<Option<usize>, Fault> {
        let columns = self.columns_of(field);
        let own = field.name(kind);
        let exact: Vec<usize> = columns
            .iter()
            .copied()
            .filter(|column| self.names[*column].to_lowercase() == own)
            .collect();
        // A fiscal year is the year that is meant, and the date beside it is when it ended.
        let years: Vec<usize> = columns
            .iter()
            .copied()
            .filter(|column| field == Field::Year && !self.columns[*column].is_of_dates())
            .collect();
        match (exact.as_slice(), columns.as_slice(), years.as_slice()) {
            ([one], _, _) | ([], [one], _) | ([], _, [one]) => Ok(Some(*one)),
            ([], [], _) => Ok(None),
            _ => {
                let names: Vec<String> = columns.iter().map(|c| shorten(&self.names[*c])).collect();
                Err(Fault::new(
                    "/file",
                    "repeated_column",
                    format!("{} all mean {own}; keep one of them", names.join(" and ")).replace(
                        "all mean",
                        if columns.len() == 2 {
                            "both mean"
                        } else {
                            "all mean"
                        },
                    ),
                ))
            }
        }
    }

    fn lacks(&self, kind: Kind, missing: &[Field]) -> Fault {
        let mut detail = format!(
            "row {} was read as the header, and it lacks {}",
            self.row,
            missing
                .iter()
                .map(|field| field.name(kind))
                .collect::<Vec<_>>()
                .join(", ")
        );
        let unknown: Vec<(&str, &ColumnName)> = self
            .names
            .iter()
            .zip(&self.columns)
            .zip(&self.fields)
            .filter(|((name, _), field)| field.is_none() && !name.is_empty())
            .map(|((name, column), _)| (name.as_str(), column))
            .collect();
        for field in missing {
            if let Some(near) = nearest(field.name(kind), &unknown) {
                detail += &format!("; is {:?} meant for {}?", shorten(near), field.name(kind));
            }
        }
        let recognised: Vec<String> = self
            .names
            .iter()
            .zip(&self.fields)
            .filter_map(|(name, field)| {
                field.map(|field| format!("{:?} as {}", shorten(name), field.name(kind)))
            })
            .take(LISTED)
            .collect();
        if !recognised.is_empty() {
            let end = if detail.ends_with('?') { "" } else { "." };
            detail += &format!("{end} Recognised: {}", recognised.join(", "));
        }
        if !unknown.is_empty() {
            let names: Vec<_> = unknown
                .iter()
                .take(LISTED)
                .map(|(name, _)| shorten(name))
                .collect();
            detail += &format!(". Also found: {}", names.join(", "));
        }
        Fault::new("/file", "missing_columns", detail)
    }
}

/// Uses a column that is called period for the quarter if another column has the year.
fn with_period(
    kind: Kind,
    columns: &[ColumnName],
    mut fields: Vec<Option<Field>>,
) -> Vec<Option<Field>> {
    let is_period = |column: &ColumnName| matches!(column.key.as_str(), "period" | "fiscal period");
    let years = fields.iter().filter(|f| **f == Some(Field::Year)).count();
    let has_quarter = fields.contains(&Some(Field::Quarter));
    for (column, field) in columns.iter().zip(&mut fields) {
        if years > 1 && is_period(column) && *field == Some(Field::Year) {
            *field = (kind == Kind::Quarterly && !has_quarter).then_some(Field::Quarter);
        }
    }
    fields
}

/// Returns the name that is most similar to a field's.
fn nearest<'a>(field: &str, names: &[(&'a str, &ColumnName)]) -> Option<&'a str> {
    let wanted = ColumnName::read(field).key;
    names
        .iter()
        .map(|(name, column)| (strsim::jaro_winkler(&wanted, &column.key), *name))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests;
