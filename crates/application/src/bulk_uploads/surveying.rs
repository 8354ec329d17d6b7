//! Reads a file to its end before the first of its rows is stored.

use accunode_domain::{
    Timestamp,
    fault::Fault,
    intake::{Cells, Options, Plan, Survey},
    job::{JobOptions, JobWarning},
    ratio::{TurnoverCheck, check},
};
use accunode_ports::files::{FileNote, SourceRow};

use super::table::{Table, formulas, texts};

/// The number of rows that are kept to check turnovers, and their bytes.
const KEPT: usize = 1_000;
const KEPT_BYTES: usize = 4 << 20;
/// The warning of a file whose turnovers look like those of a single quarter.
const TURNOVER_NOT_ANNUAL: &str = "turnover_not_annual";

/// Surveys every row of a table.
#[derive(Clone, Debug)]
pub struct Surveying {
    survey: Survey,
    options: JobOptions,
    first: Vec<SourceRow>,
    first_bytes: usize,
    /// The number of rows that the reader could not read.
    broken: u32,
}

impl Surveying {
    /// Starts the survey of a table. The current time shows which years lie in the future.
    #[must_use]
    pub fn of(table: &Table, options: &JobOptions, now: Timestamp) -> Self {
        let how = Options {
            ratio_unit: options.ratio_unit,
            units: options.units.clone(),
            confirmed: options.confirm_units,
            decimal: options.decimal,
            columns_by_comma: table.columns_by_comma,
            this_year: u16::try_from(now.date().year()).ok(),
        };
        Self {
            survey: Survey::new(table.layout.clone(), how, table.is_fixed_width),
            options: options.clone(),
            first: Vec::new(),
            first_bytes: 0,
            broken: 0,
        }
    }

    /// Adds rows.
    pub fn see(&mut self, rows: Vec<SourceRow>) {
        for row in rows {
            if row.fault.is_some() {
                self.broken = self.broken.saturating_add(1);
                continue;
            }
            let formulas = formulas(&row);
            self.survey.see(&Cells {
                row: row.row,
                cells: &row.cells,
                formulas: &formulas,
                texts: &texts(&row),
            });
            if self.first.len() < KEPT && self.first_bytes < KEPT_BYTES {
                self.first_bytes += row.cells.iter().map(String::len).sum::<usize>();
                self.first.push(row);
            }
        }
    }

    /// The number of rows that were added.
    #[must_use]
    pub const fn rows(&self) -> u32 {
        self.survey.rows().saturating_add(self.broken)
    }

    /// Returns the plan for reading the rows, and the warnings about the file.
    ///
    /// # Errors
    /// As [`Survey::finish`].
    pub fn finish(
        self,
        table: &Table,
        notes: Vec<FileNote>,
        training: &[f64],
    ) -> Result<(Plan, Vec<JobWarning>), Vec<Fault>> {
        let (plan, found) = self.survey.finish()?;
        // Warnings about most rows being unusable come first, then those about changes to
        // the file.
        let (mut warnings, found): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|warning| warning.code == "most_rows_fail");
        warnings.extend(table.with_notes(notes));
        warnings.extend(found);
        warnings.extend(turnovers(&plan, &self.options, &self.first, training));
        Ok((plan, warnings))
    }
}

/// Returns the warnings about the turnovers of the first rows of a file.
fn turnovers(
    plan: &Plan,
    options: &JobOptions,
    rows: &[SourceRow],
    training: &[f64],
) -> Option<JobWarning> {
    let kind = plan.layout().kind();
    let mut seen = TurnoverCheck::default();
    for row in rows {
        let Ok(input) = plan.read(&Cells {
            texts: &texts(row),
            ..Cells::new(row.row, &row.cells)
        }) else {
            continue;
        };
        let texts: Vec<Option<&str>> = input.ratios.iter().map(Option::as_deref).collect();
        if let Ok(ratios) = check(kind, options.ratio_unit, &texts) {
            seen.see(&ratios);
        }
    }
    let low = seen.verdict(kind, training);
    let medians: Vec<_> = low
        .iter()
        .map(|(name, median, training)| {
            format!("{name} has the median {median:.2}, companies usually have {training:.2}")
        })
        .collect();
    (!low.is_empty()).then(|| JobWarning {
        code: TURNOVER_NOT_ANNUAL.to_owned(),
        detail: format!(
            "{}; turnovers are figures of twelve months: take the flow of the last four quarters, not of one",
            medians.join("; ")
        ),
        columns: low.iter().map(|(name, ..)| (*name).to_owned()).collect(),
    })
}
