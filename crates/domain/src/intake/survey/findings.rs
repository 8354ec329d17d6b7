//! The findings of a survey: faults of the whole table, and warnings.

use super::Survey;
use crate::{
    company::{UNKNOWN_COUNTRY, UNKNOWN_CURRENCY},
    fault::{Fault, shorten},
    intake::{
        column::{ColumnStats, Seen, named},
        names::DESCRIPTIONS,
        plan::REPEATED_HEADER,
        units::MIN_VALUES,
    },
    job::JobWarning,
    ratio::{RatioDefinition, RatioUnit, flag_of},
};

/// How often a value must occur in a column to count as a placeholder for missing values.
const MIN_PLACEHOLDERS: u32 = 3;

impl Survey {
    pub(super) fn definitions(
        &self,
    ) -> impl Iterator<Item = (&'static RatioDefinition, &ColumnStats, &str)> {
        self.layout
            .kind()
            .ratios()
            .iter()
            .zip(&self.columns)
            .zip(self.layout.ratios())
            .map(|((definition, stats), column)| (definition, stats, self.layout.name(*column)))
    }

    /// Stops a file with quarters beside dates whose fiscal year cannot be told.
    pub(super) fn fiscal_years(&self) -> Option<Fault> {
        let (seen, detail) = &self.doubtful_years;
        let name = self.layout.name(self.layout.year());
        (seen.count > 0).then(|| {
            Fault::new(
                "/file",
                "fiscal_year",
                format!(
                    "{}: {detail}; write the fiscal year in place of the date in {:?}, or with the \
                     quarter, like \"Q1 2025\"",
                    seen.described("row"),
                    shorten(name)
                ),
            )
        })
    }

    /// Reports cells beside the table of a workbook: remarks are left out, but a column needs a
    /// name.
    pub(super) fn beside_table(&self, faults: &mut Vec<Fault>, warnings: &mut Vec<JobWarning>) {
        let (seen, address) = &self.beside;
        if seen.count == 0 {
            return;
        }
        let found = format!(
            "{} with cells beyond the last column that the header names, first {address}",
            seen.described("row")
        );
        if seen.count * 2 > self.rows {
            faults.push(Fault::new(
                "/file",
                "cell_count",
                format!("{found}: name the column in the header, or remove it"),
            ));
        } else {
            let detail = format!("{found}: taken as remarks beside the table and left out");
            warnings.push(warning("cells_beside_table", &[], detail));
        }
    }

    /// Reports a fault that most rows share once for the file, as the first finding.
    pub(super) fn failing(&self) -> Vec<JobWarning> {
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

    pub(super) fn formulas(&self, faults: &mut Vec<Fault>, warnings: &mut Vec<JobWarning>) {
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
            let detail = format!(
                "formula without a stored value in {}, first in row {}: a program wrote the \
                 formulas and never computed them; {REMEDY}",
                names.join(", "),
                first.uncomputed.row
            );
            self.doubt(
                "formula_without_value",
                &uncomputed,
                detail,
                faults,
                warnings,
            );
        }
        if self.identity_formulas.count > 0 {
            faults.push(Fault::new(
                "/file",
                "formula_without_value",
                format!(
                    "formulas without a stored value, or with a stored 0, where companies and \
                     periods are named: {}; {REMEDY}",
                    self.identity_formulas.described("row")
                ),
            ));
        }
        let zeros: Vec<_> = self
            .definitions()
            .filter(|(_, stats, _)| {
                let is_all = stats.zero_formulas.count == stats.numbers;
                stats.zero_formulas.count >= 2 && (is_all || !stats.is_computed)
            })
            .collect();
        if !zeros.is_empty() {
            let names: Vec<_> = zeros.iter().map(|(d, _, name)| named(name, d)).collect();
            let detail = format!(
                "every formula of {} has 0 for its stored value: the workbook was probably \
                 never calculated; {REMEDY}, or send confirm_units=true if the zeros \
                 are right",
                names.join(", ")
            );
            self.doubt("formula_without_value", &zeros, detail, faults, warnings);
        }
    }

    /// Stops the file, or only warns if its sender has confirmed the numbers. Formulas
    /// without any value cannot be confirmed.
    fn doubt(
        &self,
        code: &str,
        columns: &[(&'static RatioDefinition, &ColumnStats, &str)],
        detail: String,
        faults: &mut Vec<Fault>,
        warnings: &mut Vec<JobWarning>,
    ) {
        let has_values = columns
            .iter()
            .all(|(_, stats, _)| stats.uncomputed.count == 0);
        if self.options.confirmed && has_values {
            let names: Vec<&str> = columns.iter().map(|(d, ..)| d.name).collect();
            warnings.push(warning(code, &names, detail));
        } else {
            faults.push(Fault::new("/file", code, detail));
        }
    }

    /// Finds columns of `1,234` that would consist of thousands, which hardly any company
    /// has.
    pub(super) fn lone_commas(
        &self,
        units: &[RatioUnit],
        faults: &mut Vec<Fault>,
        warnings: &mut Vec<JobWarning>,
    ) {
        for ((definition, stats, name), unit) in self.definitions().zip(units) {
            let scale = match unit {
                RatioUnit::Percent => 100.0,
                RatioUnit::Fraction => 1.0,
            };
            let bound = definition.max.max(-definition.min);
            let median = stats.comma_thousands.sizes.median().unwrap_or_default() / scale;
            if stats.lone_comma.count * 2 <= stats.numbers || median <= bound {
                continue;
            }
            let detail = format!(
                "{} of {} would be thousands, and {} of more than {bound} is rare: write them \
                 without separators of thousands and with a decimal point, or send \
                 confirm_units=true if they are thousands",
                stats.lone_comma.described("number"),
                named(name, definition),
                definition.name
            );
            if self.options.confirmed {
                warnings.push(warning("ambiguous_numbers", &[definition.name], detail));
            } else {
                faults.push(Fault::new("/file", "ambiguous_numbers", detail));
            }
        }
    }

    /// Finds values that represent missing ones in many data sets.
    pub(super) fn placeholders(
        &self,
        units: &[RatioUnit],
        faults: &mut Vec<Fault>,
        warnings: &mut Vec<JobWarning>,
    ) {
        for ((definition, stats, name), unit) in self.definitions().zip(units) {
            let scale = match unit {
                RatioUnit::Percent => 100.0,
                RatioUnit::Fraction => 1.0,
            };
            let doubtful = stats.read.placeholders.iter().find(|(value, seen)| {
                seen.count >= MIN_PLACEHOLDERS && flag_of(definition, value / scale).is_some()
            });
            let Some((_, seen)) = doubtful else {
                continue;
            };
            let detail = format!(
                "{} of {} hold the same value, which looks like a mark for missing values; leave \
                 these cells empty, or send confirm_units=true if the values are right",
                seen.described("cell"),
                named(name, definition)
            );
            if self.options.confirmed {
                warnings.push(warning("placeholder_values", &[definition.name], detail));
            } else {
                faults.push(Fault::new("/file", "placeholder_values", detail));
            }
        }
    }

    /// Describes values that are not stored unchanged: each column, the number, and an
    /// example.
    fn flagged(&self, units: &[RatioUnit], reported: &[&str], warnings: &mut Vec<JobWarning>) {
        for ((definition, stats, name), unit) in self.definitions().zip(units) {
            let flagged = stats.read.flagged(*unit);
            let (min, max) = (definition.min, definition.max);
            let mut parts = Vec::new();
            let mut add = |seen: &Seen, what: String| {
                if seen.count > 0 {
                    parts.push(format!("{} {what}", seen.described("value")));
                }
            };
            add(&flagged.high, format!("above {max}, taken as {max}"));
            add(&flagged.low, format!("below {min}, taken as {min}"));
            add(
                &flagged.negative,
                format!("below 0, which means a denominator that is not positive, taken as {max}"),
            );
            add(
                &flagged.implausible,
                "too large to be true, taken as missing".to_owned(),
            );
            if parts.is_empty() || reported.contains(&definition.name) {
                continue;
            }
            let hint = if definition.is_share
                && *unit == RatioUnit::Fraction
                && flagged.has_unsigned_high()
            {
                "; a share that large is usually meant in percent"
            } else {
                ""
            };
            warnings.push(warning(
                "out_of_range",
                &[definition.name],
                format!("{} has {}{hint}", named(name, definition), parts.join("; ")),
            ));
        }
    }

    /// Finds columns that are empty, all 0 or nearly all beyond the range that is stored.
    pub(super) fn ranges(&self, units: &[RatioUnit], warnings: &mut Vec<JobWarning>) {
        let empty: Vec<&str> = self
            .definitions()
            .filter(|(_, stats, _)| stats.numbers + stats.unreadable == 0)
            .map(|(definition, ..)| definition.name)
            .collect();
        // If no row has the shape of the header, nothing is known about the columns.
        let is_known = self.faulty_rows < self.rows || empty.len() < self.columns.len();
        if !empty.is_empty() && self.rows > 1 && is_known {
            warnings.push(warning(
                "empty_columns",
                &empty,
                format!(
                    "{} holds no number in any of {} rows{}",
                    empty.join(", "),
                    self.rows,
                    if self.faulty_rows < self.rows {
                        "; predictions are made without it"
                    } else {
                        ""
                    }
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
        let mut reported = Vec::new();
        for ((definition, stats, name), unit) in self.definitions().zip(units) {
            let scale = if *unit == RatioUnit::Percent {
                100.0
            } else {
                1.0
            };
            let median = stats.read.sizes.median().unwrap_or_default() / scale;
            let bound = definition.max.max(-definition.min);
            if stats.read.sizes.count >= MIN_VALUES && median > bound * 1.2 {
                reported.push(definition.name);
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
        self.flagged(units, &reported, warnings);
    }

    pub(super) fn others(&self, warnings: &mut Vec<JobWarning>) {
        for (place, seen) in self.unread.iter().enumerate() {
            if seen.count > 0 {
                warnings.push(warning(
                    "unread_descriptions",
                    &[DESCRIPTIONS[place]],
                    format!(
                        "{} of {} could not be understood and left out: {}{}",
                        seen.described("cell"),
                        DESCRIPTIONS[place],
                        self.rules[place],
                        unknown_of(DESCRIPTIONS[place])
                    ),
                ));
            }
        }
        for (place, seen) in self.undescribed.iter().enumerate() {
            let default = default_of(DESCRIPTIONS[place]);
            if seen.count > 0 && !default.is_empty() {
                warnings.push(warning(
                    "default_descriptions",
                    &[DESCRIPTIONS[place]],
                    format!(
                        "{} without a {}{default}",
                        seen.described("row"),
                        DESCRIPTIONS[place]
                    ),
                ));
            }
        }
        for ((likely, is_of_quarter), seen) in &self.likely {
            let column = if *is_of_quarter {
                "reporting_quarter"
            } else {
                "reporting_year"
            };
            warnings.push(warning(
                "likely_periods",
                &[column],
                format!("{}: {}", likely.words(), seen.described("row")),
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
        if self.doubtful_symbols.count > 0 {
            warnings.push(warning(
                "likely_symbols",
                &["company_symbol"],
                format!(
                    "{} that may be a name, or what spreadsheets and programs make of other entries: \
                     stored as companies, so correct them if they are none",
                    self.doubtful_symbols.described("symbol")
                ),
            ));
        }
        let by_figures = self.summaries_by_figures();
        if by_figures.count > 0 {
            warnings.push(warning(
                "likely_summary_rows",
                &["company_symbol"],
                format!(
                    "{} whose figures are all means, medians, sums or bounds of the other rows: \
                     stored as companies, so remove them if they are none",
                    by_figures.described("row")
                ),
            ));
        }
        if self.likely_summaries.count > 0 {
            warnings.push(warning(
                "likely_summary_rows",
                &["company_symbol"],
                format!(
                    "{} called like a total or an average whose figures are those of no other \
                     rows: stored as companies, so remove them if they are none",
                    self.likely_summaries.described("row")
                ),
            ));
        }
        if self.repeated_headers.count > 0 {
            warnings.push(warning(
                "repeated_headers",
                &[],
                format!(
                    "{} that repeat the header were left out",
                    self.repeated_headers.described("row")
                ),
            ));
        }
        let summaries = self.other_rows.iter();
        let mut summaries = summaries.filter(|(_, why)| **why != REPEATED_HEADER);
        if let Some((row, _)) = summaries.next() {
            warnings.push(warning(
                "summary_rows",
                &[],
                format!(
                    "{} rows are totals, averages or notes and no companies, first row {row}",
                    summaries.count() + 1
                ),
            ));
        }
    }
}

/// Returns the value of a company whose description of this field cannot be understood.
fn unknown_of(description: &str) -> String {
    let code = match description {
        "country" => UNKNOWN_COUNTRY,
        "currency" => UNKNOWN_CURRENCY,
        _ => return String::new(),
    };
    format!("; a company that is made by such a row is given {code} (unknown), so correct it there")
}

/// Returns the default for a company whose description lacks this field.
fn default_of(description: &str) -> &'static str {
    match description {
        "country" => "; a company that is made by such a row is given USA, so correct it there",
        "currency" => "; a company that is made by such a row is given USD, so correct it there",
        _ => "",
    }
}

pub(super) fn warning(code: &str, columns: &[&str], detail: String) -> JobWarning {
    JobWarning {
        code: code.to_owned(),
        detail: shorten_detail(detail),
        columns: columns.iter().map(|c| (*c).to_owned()).collect(),
    }
}

/// Truncates a detail: warnings repeat content of the file, so their length is limited as a
/// fault's is.
fn shorten_detail(detail: String) -> String {
    Fault::new("", "", detail).detail
}
