//! Whole tables, read as analysts expect.

use super::*;
use crate::{
    intake::{ColumnUnits, Formula},
    prediction::Kind,
    ratio::RatioUnit,
};

mod cells;
mod dialect;
mod rows;
mod summaries;
mod unit_limits;
mod units;

struct Table {
    rows: Vec<Vec<String>>,
    formulas: Vec<Vec<Formula>>,
}

impl Table {
    fn of(text: &str, delimiter: char) -> Self {
        let rows: Vec<Vec<String>> = text
            .lines()
            .map(|row| row.split(delimiter).map(str::to_owned).collect())
            .collect();
        let formulas = vec![Vec::new(); rows.len()];
        Self { rows, formulas }
    }

    fn cells(&self) -> Vec<Cells<'_>> {
        self.rows
            .iter()
            .zip(&self.formulas)
            .zip(1..)
            .map(|((cells, formulas), row)| Cells {
                row,
                cells,
                formulas,
                texts: &[],
            })
            .collect()
    }

    fn survey(&self, options: Options) -> Result<(Plan, Vec<JobWarning>), Vec<Fault>> {
        let cells = self.cells();
        let layout = Layout::find(Kind::Annual, &cells)?;
        let header = layout.header_row();
        let mut survey = Survey::new(layout, options, true);
        cells
            .iter()
            .filter(|row| row.row > header)
            .for_each(|row| survey.see(row));
        survey.finish()
    }

    /// The ratios of each row according to the plan, or the code of its fault.
    fn read(&self, options: Options) -> Vec<Result<Vec<Option<f64>>, String>> {
        let (plan, _) = self.survey(options).unwrap();
        let header = plan.layout().header_row();
        self.cells()
            .iter()
            .filter(|row| row.row > header)
            .map(|row| {
                plan.read(row)
                    .map(|read| {
                        read.ratios
                            .iter()
                            .map(|text| text.as_ref().map(|t| t.parse().unwrap()))
                            .collect()
                    })
                    .map_err(|faults| faults[0].code.clone())
            })
            .collect()
    }
}

const HEADER: &str = "company_symbol,reporting_year,long_term_debt_to_total_capital,total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets";

fn table(rows: &[&str]) -> Table {
    Table::of(&format!("{HEADER}\n{}", rows.join("\n")), ',')
}

fn five(row: &str) -> Vec<String> {
    (0..6)
        .map(|n| {
            row.replace("SYM", &format!("S{n}"))
                .replace("#", &n.to_string())
        })
        .collect()
}

fn repeated(row: &str) -> Table {
    let rows = five(row);
    table(&rows.iter().map(String::as_str).collect::<Vec<_>>())
}

fn codes(warnings: &[JobWarning]) -> Vec<&str> {
    warnings.iter().map(|w| w.code.as_str()).collect()
}

const PERCENT: fn() -> Options = || Options {
    ratio_unit: RatioUnit::Percent,
    ..Options::default()
};

fn details<'a>(warnings: &'a [JobWarning], code: &str) -> Vec<&'a str> {
    let of_code = warnings.iter().filter(|w| w.code == code);
    of_code.map(|w| w.detail.as_str()).collect()
}

/// Ten rows, of which the first `count` have another cell in a column.
fn changed(column: usize, other: &str, count: usize) -> Table {
    let rows: Vec<String> = (0..10)
        .map(|n| {
            let row = format!("S{n},2024,0.4{n},3.{n},0.0{n}1,5.{n},0.0{n}4");
            let mut cells: Vec<String> = row.split(',').map(str::to_owned).collect();
            if n < count {
                cells[column] = other.replace('#', &n.to_string());
            }
            cells.join(",")
        })
        .collect();
    table(&rows.iter().map(String::as_str).collect::<Vec<_>>())
}
