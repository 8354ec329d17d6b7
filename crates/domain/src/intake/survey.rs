//! A look at every row of a table before the first is stored.

use std::collections::{BTreeMap, HashMap};

use super::{
    Cells, Layout, Options, Plan,
    column::{ColumnStats, Seen, named},
    describe,
    names::DESCRIPTIONS,
    number::{Cell, Separators},
    period::{Likely, read_period},
    plan::is_template_example,
    text::squeezed,
    units::{self, MIN_VALUES, Verdict},
};
use crate::{
    company::Symbol,
    fault::Fault,
    job::JobWarning,
    prediction::Kind,
    ratio::{RatioDefinition, RatioUnit},
};

/// How many totals, averages and notes are told apart from companies.
const MAX_OTHER_ROWS: usize = 1_000;
/// How close a total or an average must come to the column's own.
const SAME: f64 = 0.005;

/// Looks at every row of a table. Its memory does not grow with the number of rows.
#[derive(Clone, Debug)]
pub struct Survey {
    layout: Layout,
    options: Options,
    is_fixed_width: bool,
    rows: u32,
    columns: Vec<ColumnStats>,
    /// Descriptions that cannot be understood, by their place, with what would be.
    unread: [Seen; DESCRIPTIONS.len()],
    rules: [&'static str; DESCRIPTIONS.len()],
    likely: BTreeMap<Likely, Seen>,
    other_rows: BTreeMap<u32, &'static str>,
    examples: Seen,
    /// Rows that cannot be used, by column and code of their first fault.
    faulty: HashMap<(String, String), (Seen, String)>,
    faulty_rows: u32,
}

impl Survey {
    /// A survey of a table. Where `is_fixed_width` is set, every row must have as many cells
    /// as the header, as in CSV; a sheet leaves out empty cells at the end of a row.
    #[must_use]
    pub fn new(layout: Layout, options: Options, is_fixed_width: bool) -> Self {
        Self {
            columns: vec![ColumnStats::default(); layout.kind().ratios().len()],
            layout,
            options,
            is_fixed_width,
            rows: 0,
            unread: Default::default(),
            rules: Default::default(),
            likely: BTreeMap::new(),
            other_rows: BTreeMap::new(),
            examples: Seen::default(),
            faulty: HashMap::new(),
            faulty_rows: 0,
        }
    }

    /// How many rows it has seen.
    #[must_use]
    pub const fn rows(&self) -> u32 {
        self.rows
    }

    /// Looks at a row.
    pub fn see(&mut self, row: &Cells<'_>) {
        self.rows = self.rows.saturating_add(1);
        if let Some(fault) = self.layout.shape(row, self.is_fixed_width) {
            // Its cells stand in the wrong columns and say nothing of them.
            self.note(row.row, row.at(self.layout.symbol()), fault);
            return;
        }
        if let Some(why) = self.is_no_company(row) {
            if self.other_rows.len() < MAX_OTHER_ROWS {
                self.other_rows.insert(row.row, why);
            }
            return;
        }
        if is_template_example(&self.layout, row) {
            self.examples.see(row.row, row.at(self.layout.symbol()));
            return;
        }
        self.see_identity(row);
        self.see_ratios(row);
        self.see_descriptions(row);
    }

    fn see_identity(&mut self, row: &Cells<'_>) {
        let symbol = row.at(self.layout.symbol());
        if let Err(fault) = Symbol::parse("company_symbol", symbol) {
            self.note(row.row, symbol, fault);
            return;
        }
        let year = row.at(self.layout.year());
        let quarter = self.layout.quarter().map(|column| row.at(column));
        match read_period(self.layout.kind(), year, quarter) {
            Ok(read) => {
                for likely in read.likely {
                    self.likely.entry(likely).or_default().see(row.row, year);
                }
            }
            Err(faults) => {
                if let Some(fault) = faults.into_iter().next() {
                    self.note(row.row, year, fault);
                }
            }
        }
    }

    fn see_ratios(&mut self, row: &Cells<'_>) {
        let kind = self.layout.kind();
        for (ratio, definition) in kind.ratios().iter().enumerate() {
            let column = self.layout.ratios()[ratio];
            let text = row.at(column);
            let cell = Cell::read(text);
            let stats = &mut self.columns[ratio];
            stats.see(row.row, text, &cell);
            for formula in row.formulas.iter().filter(|f| f.column == column) {
                if formula.is_zero {
                    stats.zero_formulas.see(row.row, text);
                } else {
                    stats.uncomputed.see(row.row, text);
                }
            }
            if matches!(cell, Cell::Other(_)) {
                let fault = Fault::new(definition.name, "not_a_number", "is not a number");
                self.note(row.row, text, fault);
            }
        }
    }

    fn see_descriptions(&mut self, row: &Cells<'_>) {
        for (place, column) in self.layout.descriptions().iter().enumerate() {
            let Some(column) = column else { continue };
            let text = row.at(*column);
            if let Err(rule) = describe::read(place, text, Separators::Point) {
                self.unread[place].see(row.row, text);
                self.rules[place] = rule;
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

    /// Why a row is a total, an average or a note rather than a company.
    fn is_no_company(&self, row: &Cells<'_>) -> Option<&'static str> {
        const NOTE: &str = "this is a note below or between the data and not a company";
        const SUMMARY: &str =
            "this is a total, an average or another summary of the rows above and not a company";
        let filled = row.cells.iter().filter(|c| !c.trim().is_empty()).count();
        if filled == 1 && self.layout.width() > 3 {
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

    /// The plan for the rows, and what an analyst should know of the table; the header's
    /// own warnings ([`Layout::warnings`]) are not repeated.
    ///
    /// # Errors
    /// What is doubtful about the whole table, with the option that settles it:
    /// `unit_mismatch`, `formula_without_value`; `empty_file` for a header without rows.
    pub fn finish(self) -> Result<(Plan, Vec<JobWarning>), Vec<Fault>> {
        if self.rows == 0 {
            return Err(vec![Fault::new(
                "/file",
                "empty_file",
                "the file has a header and no rows",
            )]);
        }
        let mut faults = Vec::new();
        let mut warnings = self.failing();
        self.formulas(&mut faults, &mut warnings);
        let (separators, reads_lone_comma) = self.separators(&mut warnings);
        let units = self.units(&mut faults, &mut warnings);
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
                separators,
                reads_lone_comma,
                other_rows: self.other_rows,
            },
            warnings,
        ))
    }

    fn definitions(&self) -> impl Iterator<Item = (&'static RatioDefinition, &ColumnStats, &str)> {
        self.layout
            .kind()
            .ratios()
            .iter()
            .zip(&self.columns)
            .zip(self.layout.ratios())
            .map(|((definition, stats), column)| (definition, stats, self.layout.name(*column)))
    }

    /// The same fault in most rows is told once for the file, first.
    fn failing(&self) -> Vec<JobWarning> {
        let worst = self.faulty.iter().max_by_key(|(_, (seen, _))| seen.count);
        let Some(((column, code), (seen, detail))) = worst else {
            return Vec::new();
        };
        if seen.count < 2 || seen.count * 2 < self.rows {
            return Vec::new();
        }
        vec![warning(
            "most_rows_fail",
            &[column],
            format!(
                "{} of {} rows cannot be used because of {} ({code}); row {} holds {:?}: {detail}",
                seen.count,
                self.rows,
                if column.is_empty() {
                    "their shape"
                } else {
                    column
                },
                seen.row,
                seen.text
            ),
        )]
    }

    fn formulas(&self, faults: &mut Vec<Fault>, warnings: &mut Vec<JobWarning>) {
        const REMEDY: &str = "open the workbook in a spreadsheet, save it there and send it again";
        let uncomputed: Vec<_> = self
            .definitions()
            .filter(|(_, stats, _)| stats.uncomputed.count > 0)
            .collect();
        if let Some((_, first, _)) = uncomputed.first() {
            let names: Vec<_> = uncomputed
                .iter()
                .map(|(definition, stats, name)| {
                    format!(
                        "{} ({} cells)",
                        named(name, definition),
                        stats.uncomputed.count
                    )
                })
                .collect();
            let told = format!(
                "formula without a stored value in {}, first in row {}: a program wrote the \
                 formulas and never computed them; {REMEDY}",
                names.join(", "),
                first.uncomputed.row
            );
            self.doubt("formula_without_value", &uncomputed, told, faults, warnings);
        }
        let zeros: Vec<_> = self
            .definitions()
            .filter(|(_, stats, _)| {
                stats.zero_formulas.count >= 2
                    && stats.zero_formulas.count == stats.numbers
                    && stats.numbers == stats.zeros
            })
            .collect();
        if !zeros.is_empty() {
            let names: Vec<_> = zeros.iter().map(|(d, _, name)| named(name, d)).collect();
            let told = format!(
                "every cell of {} is a formula whose stored value is 0: the workbook was \
                 probably never calculated; {REMEDY}, or send confirm_units=true if the zeros \
                 are right",
                names.join(", ")
            );
            self.doubt("formula_without_value", &zeros, told, faults, warnings);
        }
    }

    /// Stops the file, or only warns where its sender has confirmed the numbers. Formulas
    /// without any value cannot be confirmed.
    fn doubt(
        &self,
        code: &str,
        columns: &[(&'static RatioDefinition, &ColumnStats, &str)],
        told: String,
        faults: &mut Vec<Fault>,
        warnings: &mut Vec<JobWarning>,
    ) {
        let has_values = columns
            .iter()
            .all(|(_, stats, _)| stats.uncomputed.count == 0);
        if self.options.confirmed && has_values {
            let names: Vec<&str> = columns.iter().map(|(d, ..)| d.name).collect();
            warnings.push(warning(code, &names, told));
        } else {
            faults.push(Fault::new("/file", code, told));
        }
    }

    fn separators(&self, warnings: &mut Vec<JobWarning>) -> (Separators, bool) {
        let total = |seen: fn(&ColumnStats) -> &Seen| -> u32 {
            self.columns.iter().map(|stats| seen(stats).count).sum()
        };
        let (points, commas) = (total(|s| &s.point), total(|s| &s.comma));
        let (lone_points, lone_commas) = (total(|s| &s.lone_point), total(|s| &s.lone_comma));
        let names = |seen: fn(&ColumnStats) -> &Seen| -> Vec<&str> {
            self.definitions()
                .filter(|(_, stats, _)| seen(stats).count > 0)
                .map(|(definition, ..)| definition.name)
                .collect()
        };
        let first = |seen: fn(&ColumnStats) -> &Seen| -> String {
            self.columns
                .iter()
                .map(seen)
                .filter(|s| s.count > 0)
                .min_by_key(|s| s.row)
                .map(|s| format!("{:?} in row {}", s.text, s.row))
                .unwrap_or_default()
        };
        if commas > 0 && commas >= points {
            let mut told = format!(
                "{commas} numbers were read with a decimal comma, first {}",
                first(|s| &s.comma)
            );
            if points + lone_points > 0 {
                told += &format!(
                    "; {} with a point are errors because they can be read in two ways",
                    points + lone_points
                );
            }
            warnings.push(warning("decimal_comma", &names(|s| &s.comma), told));
            return (Separators::Comma, true);
        }
        if commas > 0 {
            warnings.push(warning(
                "mixed_separators",
                &names(|s| &s.comma),
                format!(
                    "{commas} numbers have a decimal comma among {points} with a point, first {}; \
                     they are errors",
                    first(|s| &s.comma)
                ),
            ));
            return (Separators::Point, false);
        }
        if lone_commas > 0 && points > 0 {
            warnings.push(warning(
                "thousands_separators",
                &names(|s| &s.lone_comma),
                format!(
                    "{lone_commas} numbers were read with commas as separators of thousands, \
                     first {}, because the file uses decimal points",
                    first(|s| &s.lone_comma)
                ),
            ));
            return (Separators::Point, true);
        }
        if lone_commas > 0 {
            warnings.push(warning(
                "ambiguous_numbers",
                &names(|s| &s.lone_comma),
                format!(
                    "{lone_commas} numbers like {} can be a thousand or one and a bit, and \
                     nothing in the file tells which; they are errors",
                    first(|s| &s.lone_comma)
                ),
            ));
        }
        (Separators::Point, false)
    }

    fn units(&self, faults: &mut Vec<Fault>, warnings: &mut Vec<JobWarning>) -> Vec<RatioUnit> {
        let mut wrong = Vec::new();
        let mut right = Vec::new();
        let mut hinted = Vec::new();
        let units: Vec<RatioUnit> = self
            .definitions()
            .enumerate()
            .map(|(ratio, (definition, stats, name))| {
                let given = self.options.units.of(definition.name);
                let hint = self.layout.hint(ratio).filter(|_| definition.is_share);
                let default = if definition.is_share {
                    self.options.ratio_unit
                } else {
                    RatioUnit::Fraction
                };
                let unit = given.or(hint).unwrap_or(default);
                if given.is_none() && hint.is_some_and(|hint| hint != default) && stats.unsigned > 0
                {
                    hinted.push((definition, name, unit));
                }
                let verdict = units::judge(definition, &stats.sizes, unit);
                let median = stats.sizes.median().unwrap_or_default();
                match verdict {
                    Verdict::Agrees => {
                        if definition.is_share && stats.sizes.count >= MIN_VALUES {
                            right.push((definition, median, unit));
                        }
                    }
                    _ => wrong.push(Wrong {
                        definition,
                        name: name.to_owned(),
                        median,
                        verdict,
                    }),
                }
                unit
            })
            .collect();
        for (definition, name, unit) in hinted {
            warnings.push(warning(
                "unit_from_header",
                &[definition.name],
                format!(
                    "{} is read in {unit}, as its name says",
                    named(name, definition)
                ),
            ));
        }
        if !wrong.is_empty() {
            let told = mismatch(&wrong, &right, self.layout.kind());
            if self.options.confirmed {
                let names: Vec<&str> = wrong.iter().map(|w| w.definition.name).collect();
                warnings.push(warning("unit_mismatch", &names, told));
            } else {
                faults.push(Fault::new("/ratio_unit", "unit_mismatch", told));
            }
        }
        for (definition, stats, name) in self.definitions() {
            let mixed = stats.percents.count > 0 && stats.unsigned > 0;
            if definition.is_share && mixed {
                warnings.push(warning(
                    "some_percent_signs",
                    &[definition.name],
                    format!(
                        "{} has {} and {} numbers without a sign, which are read in the unit of \
                         the column",
                        named(name, definition),
                        stats.percents.told("number with a percent sign"),
                        stats.unsigned
                    ),
                ));
            }
        }
        units
    }

    /// Columns that are empty, all 0 or nearly all beyond what is stored.
    fn ranges(&self, units: &[RatioUnit], warnings: &mut Vec<JobWarning>) {
        let empty: Vec<&str> = self
            .definitions()
            .filter(|(_, stats, _)| stats.numbers == 0)
            .map(|(definition, ..)| definition.name)
            .collect();
        if !empty.is_empty() && self.rows > 1 {
            warnings.push(warning(
                "empty_columns",
                &empty,
                format!(
                    "{} holds no number in any of {} rows; predictions were made without",
                    empty.join(", "),
                    self.rows
                ),
            ));
        }
        let zero: Vec<&str> = self
            .definitions()
            .filter(|(_, stats, _)| stats.is_all_zero())
            .map(|(definition, ..)| definition.name)
            .collect();
        if !zero.is_empty() {
            warnings.push(warning(
                "zero_columns",
                &zero,
                format!("{} is 0 in every row that has a value", zero.join(", ")),
            ));
        }
        for ((definition, stats, name), unit) in self.definitions().zip(units) {
            let scale = if *unit == RatioUnit::Percent {
                100.0
            } else {
                1.0
            };
            let median = stats.sizes.median().unwrap_or_default() / scale;
            let bound = definition.max.max(-definition.min);
            if stats.sizes.count >= MIN_VALUES && median > bound * 1.2 {
                warnings.push(warning(
                    "mostly_out_of_range",
                    &[definition.name],
                    format!(
                        "most values of {} lie beyond {bound} (the median is {median:.4}); they \
                         are brought into the range and flagged",
                        named(name, definition)
                    ),
                ));
            }
        }
    }

    fn others(&self, warnings: &mut Vec<JobWarning>) {
        for (place, seen) in self.unread.iter().enumerate() {
            if seen.count > 0 {
                warnings.push(warning(
                    "unread_descriptions",
                    &[DESCRIPTIONS[place]],
                    format!(
                        "{} of {} could not be understood and left out: {}",
                        seen.told("cell"),
                        DESCRIPTIONS[place],
                        self.rules[place]
                    ),
                ));
            }
        }
        for (likely, seen) in &self.likely {
            warnings.push(warning(
                "likely_periods",
                &["reporting_year"],
                format!("{}: {}", likely.words(), seen.told("row")),
            ));
        }
        if self.examples.count > 0 {
            warnings.push(warning(
                "template_example",
                &[],
                format!(
                    "row {} is the example row of the template and was left out",
                    self.examples.row
                ),
            ));
        }
        if let Some((row, _)) = self.other_rows.first_key_value() {
            warnings.push(warning(
                "summary_rows",
                &[],
                format!(
                    "{} rows are totals, averages or notes and no companies, first row {row}",
                    self.other_rows.len()
                ),
            ));
        }
    }
}

/// A column whose values do not look like its unit.
struct Wrong {
    definition: &'static RatioDefinition,
    name: String,
    median: f64,
    verdict: Verdict,
}

/// What is wrong with the units, and the option that settles it.
fn mismatch(
    wrong: &[Wrong],
    right: &[(&'static RatioDefinition, f64, RatioUnit)],
    kind: Kind,
) -> String {
    let looks = |verdict: Verdict| match verdict {
        Verdict::LooksLikePercent => RatioUnit::Percent,
        _ => RatioUnit::Fraction,
    };
    let mut told: Vec<String> = wrong
        .iter()
        .map(|w| {
            format!(
                "{} looks like {} (median {:.4})",
                named(&w.name, w.definition),
                looks(w.verdict),
                w.median
            )
        })
        .collect();
    told.extend(right.iter().map(|(definition, median, unit)| {
        format!(
            "{} agrees with {unit} (median {median:.4})",
            definition.name
        )
    }));
    let shares = kind.ratios().iter().filter(|ratio| ratio.is_share).count();
    let is_whole_file = wrong.len() == shares
        && wrong
            .iter()
            .all(|w| w.definition.is_share && looks(w.verdict) == looks(wrong[0].verdict));
    let remedy = if is_whole_file {
        format!("ratio_unit={}", looks(wrong[0].verdict))
    } else {
        let units: Vec<_> = wrong
            .iter()
            .map(|w| format!("{}:{}", w.definition.name, looks(w.verdict)))
            .collect();
        format!("units={}", units.join(","))
    };
    format!(
        "{}; send {remedy}, or confirm_units=true if the values are right as they are",
        told.join("; ")
    )
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
    ]
    .iter()
    .any(|start| label.starts_with(start))
}

fn warning(code: &str, columns: &[&str], detail: String) -> JobWarning {
    JobWarning {
        code: code.to_owned(),
        detail: shorten_detail(detail),
        columns: columns.iter().map(|c| (*c).to_owned()).collect(),
    }
}

/// Warnings repeat what a file holds: their length is bounded as a fault's is.
fn shorten_detail(detail: String) -> String {
    Fault::new("", "", detail).detail
}

#[cfg(test)]
#[path = "survey_tests.rs"]
mod tests;
