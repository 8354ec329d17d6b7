//! Whole tables, read as an analyst rightly expects.

use super::*;
use crate::{
    intake::{ColumnUnits, Formula},
    prediction::Kind,
    ratio::RatioUnit,
};

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

    /// The ratios of each row by the plan, or the code of its fault.
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

fn units(text: &str) -> Options {
    Options {
        units: ColumnUnits::parse(Kind::Annual, text).unwrap(),
        ..Options::default()
    }
}

const PERCENT: fn() -> Options = || Options {
    ratio_unit: RatioUnit::Percent,
    ..Options::default()
};

#[test]
fn one_file_with_two_units_is_refused_in_both_and_its_remedy_works() {
    let mixed = repeated("SYM,2024,0.45,3.#,8.32,5,2.63");
    let fault = &mixed.survey(Options::default()).unwrap_err()[0];
    assert_eq!(fault.code, "unit_mismatch");
    let remedy = "units=net_income_margin:percent,return_on_assets:percent";
    assert!(fault.detail.contains(remedy), "{}", fault.detail);
    assert!(
        fault
            .detail
            .contains("long_term_debt_to_total_capital agrees")
    );
    let read = mixed.read(units("net_income_margin:percent,return_on_assets:percent"));
    assert_eq!(
        read[0],
        Ok(vec![
            Some(0.45),
            Some(3.0),
            Some(0.0832),
            Some(5.0),
            Some(0.0263)
        ])
    );
    let fault = &mixed.survey(PERCENT()).unwrap_err()[0];
    assert!(
        fault
            .detail
            .contains("units=long_term_debt_to_total_capital:fraction"),
        "{}",
        fault.detail
    );
}

#[test]
fn a_whole_file_in_the_other_unit_is_refused_with_the_other_unit() {
    let percent = repeated("SYM,2024,45,3.#,8.32,5,2.63");
    let fault = &percent.survey(Options::default()).unwrap_err()[0];
    assert!(
        fault.detail.contains("ratio_unit=percent"),
        "{}",
        fault.detail
    );
    assert!(percent.survey(PERCENT()).is_ok());
    let fraction = repeated("SYM,2024,0.45,3.#,0.0832,5,0.0263");
    let fault = &fraction.survey(PERCENT()).unwrap_err()[0];
    assert!(
        fault.detail.contains("ratio_unit=fraction"),
        "{}",
        fault.detail
    );
    let (_, warnings) = fraction.survey(Options::default()).unwrap();
    assert_eq!(codes(&warnings), [""; 0]);
    // Confirmed numbers are stored, with a warning.
    let confirmed = Options {
        confirmed: true,
        ..PERCENT()
    };
    let (_, warnings) = fraction.survey(confirmed).unwrap();
    assert_eq!(codes(&warnings), ["unit_mismatch"]);
}

#[test]
fn a_sign_says_what_a_number_is_whatever_the_unit_of_the_file() {
    let shown = repeated("SYM,2024,41.2%,7.4x,(2.7%),NM,4.4%");
    for options in [Options::default(), PERCENT()] {
        let expected = match options.ratio_unit {
            RatioUnit::Fraction => vec![Some(0.412), Some(7.4), Some(-0.027), None, Some(0.044)],
            RatioUnit::Percent => vec![Some(41.2), Some(7.4), Some(-2.7), None, Some(4.4)],
        };
        assert_eq!(shown.read(options)[0], Ok(expected));
    }
}

#[test]
fn a_header_in_percent_counts_unless_the_values_contradict_it() {
    let header = HEADER.replace("net_income_margin", "Net income margin (%)");
    let rows = five("SYM,2024,0.45,3,8.3#,5,0.02");
    let hinted = Table::of(&format!("{header}\n{}", rows.join("\n")), ',');
    let (_, warnings) = hinted.survey(Options::default()).unwrap();
    assert!(codes(&warnings).contains(&"unit_from_header"));
    assert_eq!(
        hinted.read(Options::default())[0].as_ref().unwrap()[2],
        Some(0.083)
    );
    let rows = five("SYM,2024,0.45,3,0.08#,5,0.02");
    let wrong = Table::of(&format!("{header}\n{}", rows.join("\n")), ',');
    let fault = &wrong.survey(Options::default()).unwrap_err()[0];
    assert!(
        fault
            .detail
            .contains("\"Net income margin (%)\" in the file"),
        "{}",
        fault.detail
    );
    assert!(fault.detail.contains("units=net_income_margin:fraction"));
    assert!(wrong.survey(units("net_income_margin:fraction")).is_ok());
}

#[test]
fn decimal_commas_are_read_where_the_file_shows_them_and_told() {
    let header = HEADER.replace(',', ";");
    let german = Table::of(
        &format!("{header}\nA;2024;0,412;3,6;0,061;1.234,5;0,044\nB;2024;0,3;1,234;0,1;1.234;0,1"),
        ';',
    );
    let (_, warnings) = german.survey(Options::default()).unwrap();
    assert_eq!(codes(&warnings), ["decimal_comma"]);
    let read = german.read(Options::default());
    assert_eq!(
        read[0],
        Ok(vec![
            Some(0.412),
            Some(3.6),
            Some(0.061),
            Some(1234.5),
            Some(0.044)
        ])
    );
    assert_eq!(read[1], Err("ambiguous_number".to_owned()));
}

#[test]
fn a_comma_among_points_is_an_error_and_thousands_are_told() {
    let header = HEADER.replace(',', ";");
    let mixed = Table::of(
        &format!(
            "{header}\nA;2024;0.4;3.6;0.06;1,234;0.04\nB;2024;0,3;1;0.1;12;0.1\nC;2024;0.3;1;0.1;12;0.1"
        ),
        ';',
    );
    let (_, warnings) = mixed.survey(Options::default()).unwrap();
    assert_eq!(codes(&warnings), ["mixed_separators"]);
    let read = mixed.read(Options::default());
    assert!(read[0].is_err() && read[1].is_err() && read[2].is_ok());
    let thousands = Table::of(
        &format!("{header}\nA;2024;0.4;3.6;0.06;1,234;0.04\nC;2024;0.3;1;0.1;12;0.1"),
        ';',
    );
    let (_, warnings) = thousands.survey(Options::default()).unwrap();
    assert_eq!(codes(&warnings), ["thousands_separators"]);
    assert_eq!(
        thousands.read(Options::default())[0].as_ref().unwrap()[3],
        Some(1234.0)
    );
}

#[test]
fn a_row_of_another_shape_is_an_error_with_both_numbers() {
    let odd = table(&[
        "A,2024,0.4,3,0.1,5,0.1",
        "B,2024,0,4,3,0,1,5,0,1",
        "C,2024,0.4,3,0.1,5,0.1,",
        "D,2024,0.4",
    ]);
    let read = odd.read(Options::default());
    assert!(read[0].is_ok() && read[2].is_ok());
    assert_eq!(read[1], Err("cell_count".to_owned()));
    assert_eq!(read[3], Err("cell_count".to_owned()));
    let (plan, _) = odd.survey(Options::default()).unwrap();
    let told = &plan.read(&odd.cells()[2]).unwrap_err()[0].detail;
    assert!(
        told.contains("10 cells") && told.contains("7 columns"),
        "{told}"
    );
}

#[test]
fn rows_of_another_shape_say_nothing_of_the_columns() {
    let odd = table(
        &five("SYM,2024,0,412,3,6,0,061,5,2,0,044")
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
    );
    let (_, warnings) = odd.survey(Options::default()).unwrap();
    assert_eq!(warnings[0].code, "most_rows_fail");
    assert!(
        warnings[0].detail.contains("12 cells"),
        "{}",
        warnings[0].detail
    );
}

#[test]
fn formulas_that_were_never_computed_stop_the_file() {
    let mut empty = repeated("SYM,2024,0.4,3,0.1,5,");
    for formulas in &mut empty.formulas[1..] {
        formulas.push(Formula {
            column: 6,
            is_zero: false,
        });
    }
    let fault = &empty.survey(Options::default()).unwrap_err()[0];
    assert_eq!(fault.code, "formula_without_value");
    assert!(
        fault.detail.contains("return_on_assets"),
        "{}",
        fault.detail
    );
    let mut zero = repeated("SYM,2024,0,3,0.1,5,0.1");
    for formulas in &mut zero.formulas[1..] {
        formulas.push(Formula {
            column: 2,
            is_zero: true,
        });
    }
    assert!(zero.survey(Options::default()).is_err());
    let confirmed = Options {
        confirmed: true,
        ..Options::default()
    };
    let (_, warnings) = zero.survey(confirmed).unwrap();
    assert!(codes(&warnings).contains(&"formula_without_value"));
}

#[test]
fn totals_averages_and_notes_are_no_companies_and_a_ticker_may_be_called_total() {
    let report = table(&[
        "A,2024,0.4,3,0.1,5,0.1",
        "B,2024,0.2,1,0.3,7,0.3",
        "TOTAL,2024,0.55,9,-0.2,2,-0.1",
        "Average,2024,0.3833,4.33,0.0667,4.667,0.1",
        "Total,,1.15,13,0.2,14,0.3",
        "Source: annual reports,,,,,,",
    ]);
    let read = report.read(Options::default());
    assert!(read[2].is_ok(), "{:?}", read[2]);
    for row in [3, 4, 5] {
        assert_eq!(read[row], Err("summary_row".to_owned()), "{row}");
    }
    let (_, warnings) = report.survey(Options::default()).unwrap();
    assert!(codes(&warnings).contains(&"summary_rows"));
}

#[test]
fn a_line_of_text_below_the_data_is_a_note_and_one_with_another_delimiter_is_not() {
    let report = table(&[
        "A,2024,0.4,3,0.1,5,0.1",
        "B;2024;0.2;1;0.3;7;0.3",
        "Source: annual reports",
        "Figures in millions, as of March",
    ]);
    let read = report.read(Options::default());
    assert_eq!(read[1], Err("cell_count".to_owned()));
    for row in [2, 3] {
        assert_eq!(read[row], Err("summary_row".to_owned()), "{row}");
    }
}

#[test]
fn a_column_that_would_be_full_of_thousands_stops_the_file() {
    let doubtful = Table::of(
        &format!(
            "{}\n{}",
            HEADER.replace(',', ";"),
            ["SYM;2024;0.4;1,234;0.1;5;0.1"; 6].join("\n")
        ),
        ';',
    );
    let fault = &doubtful.survey(Options::default()).unwrap_err()[0];
    assert_eq!(fault.code, "ambiguous_numbers");
    assert!(
        fault.detail.contains("total_debt_to_ebitda"),
        "{}",
        fault.detail
    );
    let confirmed = Options {
        confirmed: true,
        ..Options::default()
    };
    let (_, warnings) = doubtful.survey(confirmed).unwrap();
    assert!(codes(&warnings).contains(&"ambiguous_numbers"));
}

#[test]
fn the_templates_example_is_left_out_and_a_real_company_of_its_name_is_not() {
    let filled = table(&[
        "ACME,2024,0.254,2.5,0.254,2.5,0.254",
        "ACME,2024,0.4,3,0.1,5,0.1",
    ]);
    let read = filled.read(Options::default());
    assert_eq!(read[0], Err("template_example".to_owned()));
    assert!(read[1].is_ok());
    let (_, warnings) = filled.survey(Options::default()).unwrap();
    assert!(warnings.iter().any(|w| w.detail.contains("row 2")));
}

#[test]
fn the_same_fault_in_most_rows_is_told_once_for_the_file_and_first() {
    let labels = repeated("SYM,TTM,0.4,3,0.1,5,");
    let (_, warnings) = labels.survey(Options::default()).unwrap();
    assert_eq!(warnings[0].code, "most_rows_fail");
    assert_eq!(warnings[0].columns, ["reporting_year"]);
    assert!(
        warnings[0].detail.contains("6 of 6 rows"),
        "{}",
        warnings[0].detail
    );
    assert!(codes(&warnings).contains(&"empty_columns"));
}

#[test]
fn a_header_without_rows_is_an_empty_file() {
    let fault = &table(&[]).survey(Options::default()).unwrap_err()[0];
    assert_eq!(fault.code, "empty_file");
}
