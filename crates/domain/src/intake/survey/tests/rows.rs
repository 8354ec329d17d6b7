//! Rows: their shape, and rows that are not companies.

use super::*;

#[test]
fn row_with_another_cell_count_fails_with_both_counts() {
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
    let detail = &plan.read(&odd.cells()[2]).unwrap_err()[0].detail;
    assert!(
        detail.contains("10 cells") && detail.contains("7 columns"),
        "{detail}"
    );
}

#[test]
fn rows_of_another_shape_do_not_count_as_column_values() {
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
fn totals_averages_and_notes_are_no_companies() {
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
fn text_line_below_the_data_is_a_note_but_not_another_delimiter() {
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
fn example_row_of_the_template_is_skipped() {
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
fn fault_of_most_rows_is_reported_once_and_first() {
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
    let shapes = repeated("SYM,2024,0.4,3,0.1,5,0.1,7");
    let (_, warnings) = shapes.survey(Options::default()).unwrap();
    assert_eq!(codes(&warnings), ["most_rows_fail"]);
}

#[test]
fn file_with_only_a_header_is_an_empty_file() {
    let fault = &table(&[]).survey(Options::default()).unwrap_err()[0];
    assert_eq!(fault.code, "empty_file");
}

#[test]
fn summary_rows_of_every_kind_are_distinguished_from_companies() {
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
    // If a company's ticker is such a word, the figures belong to the company.
    let ticker = table(&[
        "A,2024,0.4,3,0.1,5,0.1",
        "B,2024,0.2,1,0.3,7,0.3",
        "LOW,2024,0.33,2.2,0.07,8,0.09",
    ]);
    assert!(ticker.read(Options::default())[2].is_ok());
    let (_, warnings) = ticker.survey(Options::default()).unwrap();
    let detail = details(&warnings, "likely_summary_rows");
    assert!(
        detail[0].contains("1 row, first \"LOW\" in row 4"),
        "{detail:?}"
    );
}

#[test]
fn average_row_above_the_data_is_a_summary() {
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
fn repeated_header_is_skipped_with_a_warning() {
    let paged = table(&[
        "A,2024,0.4,3,0.1,5,0.1",
        "B,2024,0.2,1,0.3,7,0.3",
        "Ticker,Fiscal Year,LT Debt / Capital,Debt / EBITDA,Net margin,EBIT / interest,ROA",
        "C,2024,0.3,2,0.2,6,0.2",
    ]);
    let read = paged.read(Options::default());
    assert_eq!(read[2], Err("repeated_header".to_owned()));
    assert!(read[3].is_ok());
    let (_, warnings) = paged.survey(Options::default()).unwrap();
    let detail = details(&warnings, "repeated_headers").join("\n");
    assert!(
        detail.contains("1 row, first \"Ticker\" in row 4"),
        "{detail}"
    );
    assert!(!codes(&warnings).contains(&"summary_rows"));
}

#[test]
fn second_header_with_other_columns_refuses_the_file() {
    let swapped = HEADER.replace("total_debt_to_ebitda", "x");
    let swapped = swapped.replace("ebit_to_interest_expense", "total_debt_to_ebitda");
    let swapped = swapped.replace(",x,", ",ebit_to_interest_expense,");
    let unit = HEADER.replace("return_on_assets", "ROA (%)");
    let fewer = "company_symbol,reporting_year,net_income_margin,return_on_assets,,,";
    for header in [swapped.as_str(), unit.as_str(), fewer] {
        let two = table(&["A,2024,0.4,3,0.1,5,0.1", header, "B,2024,0.2,7,0.3,1,0.3"]);
        let fault = &two.survey(Options::default()).unwrap_err()[0];
        assert_eq!(fault.code, "several_headers", "{header}");
        assert!(fault.detail.contains("row 3") && fault.detail.contains("row 1"));
    }
}

#[test]
fn ticker_with_a_company_name_is_a_company_whatever_its_figures() {
    let header = HEADER.replace("reporting_year", "company_name,reporting_year");
    let rows = [
        "HD,Home Depot,2024,0.60,2.1,0.101,9.5,0.20",
        "LOW,Lowe's,2024,0.58,2.1,0.095,9.5,0.21",
        "TJX,TJX Companies,2024,0.58,2.2,0.095,30.0,0.25",
        "MEDIAN,Peer group median,2024,0.58,2.1,0.095,9.5,0.21",
    ];
    let table = Table::of(&format!("{header}\n{}", rows.join("\n")), ',');
    let read = table.read(Options::default());
    assert!(read[..3].iter().all(Result::is_ok), "{read:?}");
    assert_eq!(read[3], Err("summary_row".to_owned()));
    let (_, warnings) = table.survey(Options::default()).unwrap();
    assert!(details(&warnings, "likely_summary_rows")[0].contains("LOW"));
}

#[test]
fn equal_rows_of_a_company_called_like_a_sum_are_all_stored() {
    let row = "SUM,202#,0.41,3.6,0.061,5.2,0.044";
    let rows: Vec<String> = (2..5).map(|n| row.replace('#', &n.to_string())).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    assert!(
        table(&rows)
            .read(Options::default())
            .iter()
            .all(Result::is_ok)
    );
}

#[test]
fn value_of_a_failed_row_is_not_reported_as_stored() {
    let mut rows = five("SYM,2024,0.41,3.6,0.061,5.2,0.044");
    rows[2] = "S2,Industrials,2024,0.41,3.6,0.061,5.2".to_owned();
    rows[3] = "S3,2024,1.7,x,0.061,5.2,0.044".to_owned();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let (_, warnings) = table(&rows).survey(Options::default()).unwrap();
    assert!(
        details(&warnings, "out_of_range").is_empty(),
        "{warnings:?}"
    );
    let stored = changed(2, "1.7#", 1).survey(Options::default()).unwrap();
    assert!(!details(&stored.1, "out_of_range").is_empty() || stored.1.is_empty());
}

#[test]
fn identifier_with_a_wrong_check_digit_names_no_company() {
    let header = HEADER.replace("company_symbol", "isin");
    let rows = [
        "US0378331005,2024,0.41,3.6,0.061,5.2,0.044",
        "DE 000 7164600,2024,0.41,3.6,0.061,5.2,0.044",
        "DE0007164601,2024,0.41,3.6,0.061,5.2,0.044",
        "n/a,2024,0.41,3.6,0.061,5.2,0.044",
    ];
    let table = Table::of(&format!("{header}\n{}", rows.join("\n")), ',');
    let read = table.read(Options::default());
    assert!(read[0].is_ok());
    assert_eq!(read[2], Err("invalid_symbol".to_owned()));
    assert_eq!(read[3], Err("required".to_owned()));
    let (plan, _) = table.survey(Options::default()).unwrap();
    let company = plan.read(&table.cells()[2]).unwrap().company;
    assert_eq!(company.symbol, "DE0007164600");
    assert_eq!(company.identifiers.isin.as_deref(), Some("DE0007164600"));
}

#[test]
fn drawn_line_is_no_row_of_its_own() {
    let rows = five("SYM,2024,0.41,3.6,0.061,5.2,0.044");
    let line = "-".repeat(90);
    let mut rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    rows.insert(0, &line);
    rows.push(&line);
    let read = table(&rows).read(Options::default());
    assert_eq!(read[0], Err("summary_row".to_owned()));
    assert_eq!(read.iter().filter(|row| row.is_ok()).count(), 6);
}
