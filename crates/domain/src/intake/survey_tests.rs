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
    assert_eq!(codes(&warnings), ["decimal_comma", "out_of_range"]);
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
            value: FormulaValue::Absent,
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
            value: FormulaValue::Zero,
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

fn details<'a>(warnings: &'a [JobWarning], code: &str) -> Vec<&'a str> {
    let of_code = warnings.iter().filter(|w| w.code == code);
    of_code.map(|w| w.detail.as_str()).collect()
}

#[test]
fn every_value_that_is_not_stored_as_it_stands_is_told_with_its_column_and_an_example() {
    let distressed = table(&[
        "A,2024,0.4,3,0.1,5,0.1",
        "B,2024,-0.2,72,0.3,-7,1e9",
        "C,2024,2.5,1,0.3,7,0.3",
    ]);
    let (_, warnings) = distressed.survey(Options::default()).unwrap();
    let told = details(&warnings, "out_of_range").join("\n");
    for part in [
        "long_term_debt_to_total_capital has 1 value, first \"2.5\" in row 4 above 2",
        "1 value, first \"-0.2\" in row 3 below 0, which means",
        "total_debt_to_ebitda has 1 value, first \"72\" in row 3 above 50, taken as 50",
        "ebit_to_interest_expense has 1 value, first \"-7\" in row 3 below 0",
        "return_on_assets has 1 value, first \"1e9\" in row 3 too large",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(told.contains("usually meant in percent"), "{told}");
}

#[test]
fn a_file_of_one_row_is_judged_by_all_its_shares() {
    let percent = table(&["A,2024,41.2,3,6.1,5,4.4"]);
    let fault = &percent.survey(Options::default()).unwrap_err()[0];
    assert!(
        fault.detail.contains("ratio_unit=percent"),
        "{}",
        fault.detail
    );
    assert!(percent.survey(PERCENT()).is_ok());
    let fraction = table(&["A,2024,0.412,3,0.061,5,0.044"]);
    let fault = &fraction.survey(PERCENT()).unwrap_err()[0];
    assert!(
        fault.detail.contains("ratio_unit=fraction"),
        "{}",
        fault.detail
    );
    assert!(fraction.survey(Options::default()).is_ok());
    // A firm in distress, and one whose debt alone is large.
    for row in ["A,2024,1.3,3,-3.1,5,-1.4", "A,2024,2.4,3,0.06,5,0.04"] {
        assert!(table(&[row]).survey(Options::default()).is_ok(), "{row}");
    }
}

/// Ten rows, of which the first `changed` have another cell in a column.
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

#[test]
fn a_column_in_two_units_is_refused_and_no_unit_is_advised() {
    for (column, other, count) in [(2, "4#.5", 5), (4, "6.#", 3), (2, "4#.5", 7)] {
        let mixed = changed(column, other, count);
        let name = HEADER.split(',').nth(column).unwrap();
        let fault = &mixed.survey(Options::default()).unwrap_err()[0];
        assert!(
            fault.detail.contains("look like percent among")
                && !fault.detail.contains("send units="),
            "{}",
            fault.detail
        );
        // The other unit is no way out.
        let other = mixed.survey(units(&format!("{name}:percent")));
        assert!(other.is_err() || count < 5, "{name} {count}");
        let confirmed = Options {
            confirmed: true,
            ..Options::default()
        };
        let (_, warnings) = mixed.survey(confirmed).unwrap();
        assert!(codes(&warnings).contains(&"unit_mismatch"));
    }
}

#[test]
fn another_scale_than_percent_is_refused_without_a_unit_that_would_be_wrong() {
    // Thousands of multiples, per mille and basis points of shares.
    for (column, other) in [(3, "16#1"), (4, "6#"), (4, "61#"), (6, "44#")] {
        let scaled = changed(column, other, 10);
        let fault = &scaled.survey(Options::default()).unwrap_err()[0];
        let name = HEADER.split(',').nth(column).unwrap();
        assert!(
            fault.detail.contains("neither") && !fault.detail.contains("send units="),
            "{}",
            fault.detail
        );
        assert!(
            scaled.survey(units(&format!("{name}:percent"))).is_err(),
            "{name}"
        );
    }
}

#[test]
fn marks_of_nines_for_missing_values_stop_the_file() {
    let marked = changed(6, "-999", 4);
    let fault = &marked.survey(Options::default()).unwrap_err()[0];
    assert_eq!(fault.code, "placeholder_values");
    assert!(
        fault.detail.contains("4 cells, first \"-999\" in row 2"),
        "{}",
        fault.detail
    );
    let confirmed = Options {
        confirmed: true,
        ..Options::default()
    };
    assert!(marked.survey(confirmed).is_ok());
    assert!(changed(5, "99", 4).survey(Options::default()).is_ok());
}

#[test]
fn formulas_that_are_all_zero_stop_the_file_beside_numbers_that_were_typed() {
    let mut half = changed(2, "0", 5);
    for formulas in &mut half.formulas[1..6] {
        formulas.push(Formula {
            column: 2,
            value: FormulaValue::Zero,
        });
    }
    let fault = &half.survey(Options::default()).unwrap_err()[0];
    assert_eq!(fault.code, "formula_without_value");
    // One formula of the column has another value, so the column was computed.
    half.formulas[7].push(Formula {
        column: 2,
        value: FormulaValue::Computed,
    });
    assert!(half.survey(Options::default()).is_ok());
    let mut symbols = changed(0, "0", 10);
    symbols.formulas[3].push(Formula {
        column: 0,
        value: FormulaValue::Zero,
    });
    let fault = &symbols.survey(Options::default()).unwrap_err()[0];
    assert_eq!(fault.code, "formula_without_value");
}

#[test]
fn summaries_of_every_kind_are_told_from_companies() {
    let report = table(&[
        "A,2024,0.4,3,0.1,5,0.1",
        "B,2024,0.2,1,0.3,7,0.3",
        "Total,2024,0.6,4,0.4,12,0.4",
        "C,2024,0.5,2,0.2,9,0.2",
        "D,2024,0.1,6,0.4,3,0.05",
        "Total,2024,0.6,8,0.6,12,0.25",
        "Median,2024,0.3,2.5,0.25,6,0.15",
        "Max,2024,0.5,6,0.4,9,0.3",
        "Peer median,2024,0.31,2.4,0.2,6,0.2",
        "25th percentile,2024,0.2,1.5,0.1,4,0.1",
        "Std Dev,2024,0.1,1,0.1,2,0.1",
        "Mittelwert,2024,0.3,3,0.25,6,0.1625",
    ]);
    let read = report.read(Options::default());
    let left_out: Vec<usize> = (0..read.len())
        .filter(|row| read[*row] == Err("summary_row".to_owned()))
        .collect();
    assert_eq!(left_out, [2, 5, 6, 7, 8, 9, 10, 11]);
    // Of a company whose ticker is such a word, the figures are its own.
    let ticker = table(&[
        "A,2024,0.4,3,0.1,5,0.1",
        "B,2024,0.2,1,0.3,7,0.3",
        "LOW,2024,0.33,2.2,0.07,8,0.09",
    ]);
    assert!(ticker.read(Options::default())[2].is_ok());
    let (_, warnings) = ticker.survey(Options::default()).unwrap();
    let told = details(&warnings, "likely_summary_rows");
    assert!(
        told[0].contains("1 row, first \"LOW\" in row 4"),
        "{told:?}"
    );
}

#[test]
fn an_average_above_the_data_is_one() {
    let report = table(&[
        "Average,2024,0.3,2,0.2,6,0.2",
        "A,2024,0.4,3,0.1,5,0.1",
        "B,2024,0.2,1,0.3,7,0.3",
    ]);
    let read = report.read(Options::default());
    assert_eq!(read[0], Err("summary_row".to_owned()));
    assert!(read[1].is_ok() && read[2].is_ok());
}

#[test]
fn the_cell_that_is_wrong_is_the_one_that_is_quoted() {
    let table = Table::of(
        &format!(
            "symbol,year,quarter,{}\n{}",
            Kind::Quarterly
                .ratios()
                .iter()
                .map(|r| r.name)
                .collect::<Vec<_>>()
                .join(","),
            ["A,2024,Q9,1.5,1,0.5,5,6,0.2"; 3].join("\n")
        ),
        ',',
    );
    let cells = table.cells();
    let layout = Layout::find(Kind::Quarterly, &cells).unwrap();
    let mut survey = Survey::new(layout, Options::default(), true);
    cells[1..].iter().for_each(|row| survey.see(row));
    let (_, warnings) = survey.finish().unwrap();
    assert!(
        warnings[0].detail.contains("holds \"Q9\""),
        "{}",
        warnings[0].detail
    );
}
