use super::*;

fn find(kind: Kind, rows: &[&str]) -> Result<Layout, Vec<Fault>> {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.split(',').map(str::to_owned).collect())
        .collect();
    let cells: Vec<Cells<'_>> = rows
        .iter()
        .zip(1..)
        .map(|(cells, row)| Cells::new(row, cells))
        .collect();
    Layout::find(kind, &cells)
}

const RATIOS: &str = "long_term_debt_to_total_capital,total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets";

#[test]
fn titles_and_group_heads_may_stand_above_the_header() {
    let layout = find(
        Kind::Annual,
        &[
            "Portfolio of the credit department",
            "As of 2024-12-31,,,Leverage,,Profitability",
            &format!("Symbol,Year,{RATIOS}"),
            "NRDV,2024,0.4,3,0.1,5,0.1",
        ],
    )
    .unwrap();
    assert_eq!(layout.header_row(), 3);
    assert_eq!(layout.width(), 7);
}

#[test]
fn an_identifier_is_the_symbol_where_there_is_none() {
    let row = "US0378331005,2024,0.4,3,0.1,5,0.1";
    let layout = find(Kind::Annual, &[&format!("ISIN,Year,{RATIOS}"), row]).unwrap();
    assert_eq!(layout.symbol(), 0);
    assert_eq!(layout.warnings()[0].code, "symbol_from_identifier");
    let layout = find(
        Kind::Annual,
        &[&format!("ISIN,Ticker,Year,{RATIOS}"), &format!("X,{row}")],
    )
    .unwrap();
    assert_eq!(layout.symbol(), 1);
    let codes: Vec<_> = layout.warnings().into_iter().map(|w| w.code).collect();
    assert!(!codes.contains(&"symbol_from_identifier".to_owned()));
}

#[test]
fn every_missing_column_is_named_with_what_was_found_and_the_nearest() {
    let faults = find(
        Kind::Annual,
        &["symbol,year,Net Margins Ratio x2,return_on_assetts,EBIT"],
    )
    .unwrap_err();
    assert_eq!(faults[0].code, "missing_columns");
    let told = &faults[0].detail;
    for part in [
        "row 1",
        "long_term_debt_to_total_capital",
        "is \"return_on_assetts\" meant for return_on_assets?",
        "EBIT",
        "\"symbol\" as company_symbol",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn two_columns_that_mean_the_same_are_named_as_they_stand_in_the_file() {
    let faults = find(
        Kind::Annual,
        &[&format!("symbol,year,fiscal_year,{RATIOS}")],
    )
    .unwrap_err();
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].code, "repeated_column");
    assert!(
        faults[0]
            .detail
            .contains("year and fiscal_year both mean reporting_year")
    );
    // The name of our own files wins.
    let layout = find(
        Kind::Annual,
        &[&format!("ticker,company_symbol,year,{RATIOS}")],
    )
    .unwrap();
    assert_eq!(layout.symbol(), 1);
    assert_eq!(layout.warnings()[1].columns, ["ticker"]);
}

#[test]
fn a_quarter_may_stand_with_its_year() {
    let ratios: Vec<_> = Kind::Quarterly.ratios().iter().map(|r| r.name).collect();
    let header = format!("symbol,year,{}", ratios.join(","));
    assert!(find(Kind::Quarterly, &[&header, "A,2024Q3,1,1,1,1,1,1"]).is_ok());
    let faults = find(Kind::Quarterly, &[&header, "A,2024,1,1,1,1,1,1"]).unwrap_err();
    assert!(faults[0].detail.contains("lacks reporting_quarter"));
}

#[test]
fn what_is_not_used_is_told_and_the_error_column_is_not() {
    let layout = find(
        Kind::Annual,
        &[&format!(
            "company_symbol,reporting_year,,analyst_note,error,{RATIOS}"
        )],
    )
    .unwrap();
    let warnings = layout.warnings();
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].columns, ["analyst_note"]);
}

#[test]
fn nothing_is_an_empty_file() {
    assert_eq!(find(Kind::Annual, &[]).unwrap_err()[0].code, "empty_file");
}
