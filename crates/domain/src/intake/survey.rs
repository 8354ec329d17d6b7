//! The survey of every row of a table before the first row is stored.

mod by_figures;
mod findings;
mod no_company;
mod separators;
mod units_of;

use std::collections::{BTreeMap, HashMap};

use super::{
    Cells, FormulaValue, Layout, Options, Plan,
    column::{ColumnStats, Figures, Seen},
    describe,
    layout::NextHeader,
    names::DESCRIPTIONS,
    number::{Cell, NumberText, Separators, says_missing},
    period::{Likely, read_period},
    plan::{REPEATED_HEADER, is_template_example, no_number},
    symbol::is_doubtful_symbol,
};
use crate::{fault::Fault, job::JobWarning};
use by_figures::Above;
use no_company::Doubtful;

/// The largest number of totals, averages and notes that are distinguished from companies.
const MAX_OTHER_ROWS: usize = 1_000;

/// Surveys every row of a table. Its memory does not grow with the number of rows.
#[derive(Clone, Debug)]
pub struct Survey {
    layout: Layout,
    options: Options,
    is_fixed_width: bool,
    rows: u32,
    columns: Vec<ColumnStats>,
    /// Descriptions that cannot be understood, by their position, with what would be valid.
    unread: [Seen; DESCRIPTIONS.len()],
    rules: [&'static str; DESCRIPTIONS.len()],
    /// Rows whose column of a description is empty, by its position.
    undescribed: [Seen; DESCRIPTIONS.len()],
    /// Formulas without a value in the columns that identify a row.
    identity_formulas: Seen,
    /// Likely periods, and whether the cell of the quarter shows them.
    likely: BTreeMap<(Likely, bool), Seen>,
    /// Periods of which the fiscal year is doubtful, with the first fault.
    doubtful_years: (Seen, String),
    /// Symbols that a program may have made of something else.
    doubtful_symbols: Seen,
    /// Rows of a workbook with cells beside the table, and the address of the first such cell.
    beside: (Seen, String),
    other_rows: BTreeMap<u32, &'static str>,
    /// Rows that repeat the header, and the first row that is another one.
    repeated_headers: Seen,
    /// Rows of which every share is small for percent, and large for fractions.
    small_rows: Seen,
    large_rows: Seen,
    other_header: Option<(u32, String)>,
    /// Rows that are named like totals, averages and so on; whether they are is decided at
    /// the end of the table.
    doubtful: Vec<Doubtful>,
    /// Rows with such names that are stored as companies.
    likely_summaries: Seen,
    /// The ratios' figures since the last of them, with either decimal mark.
    block: [Vec<Figures>; 2],
    /// The figures of the companies so far, with either decimal mark.
    above: [Above; 2],
    examples: Seen,
    /// Rows that cannot be used, by the column and code of their first fault.
    faulty: HashMap<(String, String), (Seen, String)>,
    faulty_rows: u32,
}

impl Survey {
    /// Starts the survey of a table. If `is_fixed_width` is set, every row must have as many
    /// cells as the header, as in CSV; a sheet omits empty cells at the end of a row.
    #[must_use]
    pub fn new(layout: Layout, options: Options, is_fixed_width: bool) -> Self {
        Self {
            columns: vec![ColumnStats::default(); layout.kind().ratios().len()],
            block: [(); 2].map(|()| vec![Figures::default(); layout.kind().ratios().len()]),
            above: [(); 2].map(|()| Above::new(layout.kind().ratios().len())),
            layout,
            options,
            is_fixed_width,
            rows: 0,
            unread: Default::default(),
            rules: Default::default(),
            undescribed: Default::default(),
            identity_formulas: Seen::default(),
            doubtful: Vec::new(),
            likely_summaries: Seen::default(),
            likely: BTreeMap::new(),
            doubtful_years: Default::default(),
            doubtful_symbols: Seen::default(),
            beside: Default::default(),
            other_rows: BTreeMap::new(),
            repeated_headers: Seen::default(),
            small_rows: Seen::default(),
            large_rows: Seen::default(),
            other_header: None,
            examples: Seen::default(),
            faulty: HashMap::new(),
            faulty_rows: 0,
        }
    }

    /// Returns the number of rows that were surveyed.
    #[must_use]
    pub const fn rows(&self) -> u32 {
        self.rows
    }

    /// Surveys a row.
    pub fn see(&mut self, row: &Cells<'_>) {
        self.rows = self.rows.saturating_add(1);
        if let Some(header) = self.layout.next_header(row) {
            self.see_header(row, header);
            return;
        }
        let has_data = self.columns.iter().any(|column| column.numbers > 0);
        if has_data && self.layout.is_unknown_header(row) {
            self.see_header(row, NextHeader::Other);
            return;
        }
        if let Some(why) = self.is_no_company(row) {
            if self.other_rows.len() < MAX_OTHER_ROWS {
                self.other_rows.insert(row.row, why);
            }
            return;
        }
        if let Some(fault) = self.layout.shape(row, self.is_fixed_width) {
            // Its cells are in the wrong columns and reveal nothing about them.
            self.note(row.row, row.at(self.layout.symbol()), fault);
            return;
        }
        if is_template_example(&self.layout, row) {
            self.examples.see(row.row, row.at(self.layout.symbol()));
            return;
        }
        if self.doubtful.len() < MAX_OTHER_ROWS && self.may_summarise(row) {
            let doubtful = self.as_doubtful(row);
            self.doubtful.push(doubtful);
            self.block
                .iter_mut()
                .for_each(|block| block.fill(Figures::default()));
            return;
        }
        self.see_company(row);
    }

    fn see_header(&mut self, row: &Cells<'_>, header: NextHeader) {
        let first = row.cells.iter().map(|cell| cell.trim());
        let first = first.into_iter().find(|cell| !cell.is_empty());
        match header {
            NextHeader::Same => {
                self.repeated_headers
                    .see(row.row, first.unwrap_or_default());
                if self.other_rows.len() < MAX_OTHER_ROWS {
                    self.other_rows.insert(row.row, REPEATED_HEADER);
                }
            }
            NextHeader::Other if self.other_header.is_none() => {
                self.other_header = Some((row.row, first.unwrap_or_default().to_owned()));
            }
            NextHeader::Other => {}
        }
    }

    fn see_company(&mut self, row: &Cells<'_>) {
        if let Some((address, text)) = self.layout.beside(row).filter(|_| !self.is_fixed_width) {
            if self.beside.0.count == 0 {
                self.beside.1 = address;
            }
            self.beside.0.see(row.row, text);
        }
        let is_identified = self.see_identity(row);
        self.see_ratios(row, is_identified);
        self.see_descriptions(row);
    }

    /// Surveys the symbol and the period of a row, and returns whether they can be read.
    fn see_identity(&mut self, row: &Cells<'_>) -> bool {
        let symbol = row.at(self.layout.symbol());
        let names = [
            Some(self.layout.symbol()),
            Some(self.layout.year()),
            self.layout.quarter(),
        ];
        let is_uncomputed = |formula: &&super::Formula| {
            formula.value != FormulaValue::Computed && names.contains(&Some(formula.column))
        };
        if row.formulas.iter().any(|formula| is_uncomputed(&formula)) {
            self.identity_formulas.see(row.row, symbol);
        }
        if let Err(fault) = self.layout.read_symbol(row) {
            self.note(row.row, symbol, fault);
            return false;
        }
        if is_doubtful_symbol(symbol) {
            self.doubtful_symbols.see(row.row, symbol);
        }
        let year = row.at(self.layout.year());
        let quarter = self.layout.quarter().map(|column| row.at(column));
        match read_period(self.layout.kind(), year, quarter) {
            Ok(read) => {
                let own = quarter.filter(|quarter| !quarter.is_empty());
                let is_future = self
                    .options
                    .this_year
                    .is_some_and(|this| read.period.year.get() > this + 1);
                for likely in read
                    .likely
                    .into_iter()
                    .chain(is_future.then_some(Likely::Future))
                {
                    let of_quarter = own.filter(|_| likely == Likely::CalendarQuarter);
                    let seen = self.likely.entry((likely, of_quarter.is_some()));
                    let text = match own.filter(|_| likely == Likely::FiscalQuarter) {
                        Some(quarter) => &format!("{year} {quarter}"),
                        None => of_quarter.unwrap_or(year),
                    };
                    seen.or_default().see(row.row, text);
                }
                if let Some(doubt) = read.doubt {
                    let (seen, detail) = &mut self.doubtful_years;
                    if seen.count == 0 {
                        *detail = doubt.detail;
                    }
                    seen.see(row.row, &format!("{year} {}", own.unwrap_or_default()));
                }
                true
            }
            Err(faults) => {
                if let Some(fault) = faults.into_iter().next() {
                    let is_quarter = fault.pointer == "reporting_quarter";
                    let text = quarter.filter(|_| is_quarter).unwrap_or(year);
                    self.note(row.row, text, fault);
                }
                false
            }
        }
    }

    fn see_ratios(&mut self, row: &Cells<'_>, is_identified: bool) {
        let kind = self.layout.kind();
        let columns = self.layout.ratios().iter();
        let cells: Vec<Cell> = columns.map(|column| Cell::read(row.at(*column))).collect();
        let is_stored = is_identified && !cells.iter().any(|c| matches!(c, Cell::Other(_)));
        let (mut shares, mut small, mut large) = (0, 0, 0);
        let mut values = [(); 2].map(|()| Vec::with_capacity(kind.ratios().len()));
        for ((ratio, definition), cell) in kind.ratios().iter().enumerate().zip(cells) {
            let column = self.layout.ratios()[ratio];
            let text = row.at(column);
            let is_text = row.is_text(column, self.is_fixed_width);
            let stats = &mut self.columns[ratio];
            let readings = stats.see(definition, row.row, text, &cell, is_text, is_stored);
            if let (true, Some(value), Cell::Number(NumberText { sign: None, .. })) =
                (definition.is_share, readings[0], &cell)
            {
                shares += 1;
                small += u32::from(value.abs() <= 1.0);
                large += u32::from(value > 2.0);
            }
            for formula in row.formulas.iter().filter(|f| f.column == column) {
                match formula.value {
                    FormulaValue::Zero => stats.zero_formulas.see(row.row, text),
                    FormulaValue::Absent => stats.uncomputed.see(row.row, text),
                    FormulaValue::Computed => stats.is_computed = true,
                }
            }
            for ((block, of_row), value) in self.block.iter_mut().zip(&mut values).zip(readings) {
                of_row.push(value);
                if let Some(value) = value {
                    block[ratio].see(value);
                }
            }
            if let Cell::Other(why) = cell {
                self.note(row.row, text, no_number(definition, text, why));
            }
        }
        let label = row.at(self.layout.symbol());
        for (above, values) in self.above.iter_mut().zip(values) {
            above.see(row.row, label, values);
        }
        // One share reveals nothing: a firm may have hardly any debt, or lose more than it sells.
        for (count, seen) in [(small, &mut self.small_rows), (large, &mut self.large_rows)] {
            if shares > 1 && count == shares {
                seen.see(row.row, row.at(self.layout.symbol()));
            }
        }
    }

    fn see_descriptions(&mut self, row: &Cells<'_>) {
        let (unread, rules, layout) = (&mut self.unread, &mut self.rules, &self.layout);
        let texts = describe::of_row(layout, row, Separators::Point, |place, rule| {
            if let Some(column) = layout.descriptions()[place] {
                unread[place].see(row.row, row.at(column));
                rules[place] = rule;
            }
        });
        for (place, text) in texts.iter().enumerate() {
            if let Some(column) = layout.descriptions()[place]
                && text.is_none()
                && says_missing(row.at(column))
            {
                self.undescribed[place].see(row.row, row.at(layout.symbol()));
            }
        }
    }

    /// Counts a row that cannot be used.
    fn note(&mut self, row: u32, text: &str, fault: Fault) {
        self.faulty_rows = self.faulty_rows.saturating_add(1);
        let key = (fault.pointer, fault.code);
        let (seen, detail) = self.faulty.entry(key).or_default();
        if seen.count == 0 {
            *detail = fault.detail;
        }
        seen.see(row, text);
    }

    /// Returns the plan for the rows, and warnings about the table; the warnings of the
    /// header ([`Layout::warnings`]) are not repeated.
    ///
    /// # Errors
    /// Doubts about the whole table, with the option that resolves them: `unit_mismatch`,
    /// `several_headers`,
    /// `formula_without_value`; `empty_file` for a header without rows.
    pub fn finish(mut self) -> Result<(Plan, Vec<JobWarning>), Vec<Fault>> {
        if self.rows == 0 {
            return Err(vec![Fault::new(
                "/file",
                "empty_file",
                "the file has a header and no rows",
            )]);
        }
        // Rows that are named like summaries are compared with the numbers of the others.
        self.settle(self.reading());
        self.settle_doubtful(self.reading());
        let reading = self.reading();
        self.settle(reading);
        let mut faults = Vec::new();
        if let Some((row, first)) = &self.other_header {
            faults.push(self.layout.other_header(*row, first));
        }
        if let Some(fault) = self.fiscal_years() {
            faults.push(fault);
        }
        let mut warnings = self.failing();
        self.beside_table(&mut faults, &mut warnings);
        self.formulas(&mut faults, &mut warnings);
        let before = faults.len();
        self.separators(&mut faults, &mut warnings);
        let mut of_units = Vec::new();
        let units = self.units(&mut of_units, &mut warnings);
        if reading.separators == Separators::Point && reading.lone_commas {
            self.lone_commas(&units, &mut faults, &mut warnings);
        }
        // Nothing is advised about the units of numbers that may be others.
        if faults.len() == before {
            faults.append(&mut of_units);
        }
        self.placeholders(&units, &mut faults, &mut warnings);
        self.ranges(&units, &mut warnings);
        self.others(&mut warnings);
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok((
            Plan {
                layout: self.layout,
                is_fixed_width: self.is_fixed_width,
                unit: self.options.ratio_unit,
                units,
                reading,
                other_rows: self.other_rows,
            },
            warnings,
        ))
    }
}

#[cfg(test)]
mod tests;
