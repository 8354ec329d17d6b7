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
fn header_is_found_below_titles_and_group_headings() {
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
fn identifier_is_used_as_symbol_when_there_is_no_symbol_column() {
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
fn missing_columns_are_reported_with_found_and_similar_ones() {
    let faults = find(
        Kind::Annual,
        &["symbol,year,Net Margins Ratio x2,return_on_assetts,EBIT"],
    )
    .unwrap_err();
    assert_eq!(faults[0].code, "missing_columns");
    let detail = &faults[0].detail;
    for part in [
        "row 1",
        "long_term_debt_to_total_capital",
        "is \"return_on_assetts\" meant for return_on_assets?",
        "EBIT",
        "\"symbol\" as company_symbol",
    ] {
        assert!(detail.contains(part), "{part}: {detail}");
    }
}

#[test]
fn two_columns_of_one_meaning_are_reported_by_their_names() {
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
    // The name of our own files takes precedence.
    let layout = find(
        Kind::Annual,
        &[&format!("ticker,company_symbol,year,{RATIOS}")],
    )
    .unwrap();
    assert_eq!(layout.symbol(), 1);
    assert_eq!(layout.warnings()[1].columns, ["ticker"]);
}

#[test]
fn quarter_can_be_part_of_the_year_cell() {
    let ratios: Vec<_> = Kind::Quarterly.ratios().iter().map(|r| r.name).collect();
    let header = format!("symbol,year,{}", ratios.join(","));
    assert!(find(Kind::Quarterly, &[&header, "A,2024Q3,1,1,1,1,1,1"]).is_ok());
    let faults = find(Kind::Quarterly, &[&header, "A,2024,1,1,1,1,1,1"]).unwrap_err();
    assert!(faults[0].detail.contains("lacks reporting_quarter"));
}

#[test]
fn unused_columns_are_warned_about_except_the_error_column() {
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
fn file_without_rows_is_an_empty_file() {
    assert_eq!(find(Kind::Annual, &[]).unwrap_err()[0].code, "empty_file");
}

#[test]
fn second_column_of_the_same_meaning_is_warned_about() {
    let layout = find(
        Kind::Annual,
        &[
            &format!("symbol,year,{RATIOS},ROA"),
            "NRDV,2024,0.4,3,0.1,5,0.1,0.2",
        ],
    )
    .unwrap();
    let warnings = layout.warnings();
    let detail = warnings
        .iter()
        .find(|w| w.code == "repeated_column")
        .unwrap();
    assert!(
        detail
            .detail
            .contains("\"ROA\" also means return_on_assets"),
        "{}",
        detail.detail
    );
    assert!(!warnings.iter().any(|w| w.code == "ignored_columns"));
}

#[test]
fn period_column_beside_a_year_is_read_as_the_quarter() {
    let quarterly: Vec<&str> = Kind::Quarterly.ratios().iter().map(|r| r.name).collect();
    let ratios = quarterly.join(",");
    let row = "A,2024,Q3,1.5,1,0.5,5,6,0.2";
    let layout = find(
        Kind::Quarterly,
        &[&format!("symbol,Calendar Year,Period,{ratios}"), row],
    );
    assert_eq!(layout.unwrap().quarter(), Some(2));
    let row = "A,2024Q3,1.5,1,0.5,5,6,0.2";
    let layout = find(Kind::Quarterly, &[&format!("symbol,Period,{ratios}"), row]).unwrap();
    assert_eq!((layout.year(), layout.quarter()), (1, None));
}

#[test]
fn footnote_mark_in_a_header_is_ignored() {
    let header = format!("symbol,year,{RATIOS}").replace("return_on_assets", "ROA\u{b9}");
    assert!(find(Kind::Annual, &[&header, "A,2024,0.4,3,0.1,5,0.1"]).is_ok());
}

#[test]
fn long_cells_are_examined_only_at_their_beginning() {
    let long = "words of a note ".repeat(100_000);
    let rows: Vec<String> = (0..40).map(|_| long.clone()).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let faults = find(Kind::Annual, &rows).unwrap_err();
    assert!(faults[0].detail.len() < 2_000, "{}", faults[0].detail.len());
}

#[test]
fn data_above_the_header_refuses_the_file() {
    let short = format!("symbol,year,{RATIOS}");
    let full = format!("symbol,year,{RATIOS},sector,country");
    let row = "NRDV,2024,0.4,3,0.1,5,0.1";
    let below = format!("{row},Energy,USA");
    // Two tables of which the second names more columns.
    let faults = find(Kind::Annual, &["Peers A", &short, row, row, &full, &below]).unwrap_err();
    assert_eq!(faults[0].code, "several_headers");
    for part in ["rows 2 and 5", "2 rows of data", "row 3"] {
        assert!(
            faults[0].detail.contains(part),
            "{part}: {}",
            faults[0].detail
        );
    }
    // A header that sorting has moved among the rows.
    let faults = find(Kind::Annual, &[row, &short, row]).unwrap_err();
    assert_eq!(faults[0].code, "several_headers");
    assert!(
        faults[0].detail.contains("above it"),
        "{}",
        faults[0].detail
    );
    // The same header again is the first one, and the rows of another table hold no data.
    let layout = find(Kind::Annual, &[&short, row, &short, row]).unwrap();
    assert_eq!(layout.header_row(), 1);
    let group = "Company,Year,Leverage,Leverage,Profit,Cover,Profit";
    let numbered = "(1),(2),(3),(4),(5),(6),(7)";
    let mean = "Mean,,0.4,3,0.1,5,0.1";
    for above in [group, numbered, mean, "Figures,2024"] {
        let layout = find(Kind::Annual, &[above, &short, row]).unwrap();
        assert_eq!(layout.header_row(), 2, "{above}");
    }
}

#[test]
fn row_with_every_required_column_is_the_header_despite_a_longer_one() {
    let short = format!("symbol,year,{RATIOS}");
    let legend = "symbol,name,sector,industry,country,currency,exchange,market cap,year,roa";
    let row = "NRDV,2024,0.4,3,0.1,5,0.1";
    let layout = find(Kind::Annual, &[&short, row, legend]).unwrap();
    assert_eq!(layout.header_row(), 1);
}

#[test]
fn column_of_another_figure_is_not_suggested() {
    for name in [
        "Total Debt / EBITDA (prior year)",
        "Total Debt / EBITDA (forecast)",
        "Net Debt / EBITDA",
        "Debt / EBITDA 2019",
        "Debt / EBITDA (inverse)",
    ] {
        let rest = RATIOS.replace(",total_debt_to_ebitda", "");
        let faults = find(Kind::Annual, &[&format!("symbol,year,{name},{rest}")]).unwrap_err();
        assert!(
            !faults[0].detail.contains(" meant for "),
            "{}",
            faults[0].detail
        );
        assert!(faults[0].detail.contains(name), "{}", faults[0].detail);
    }
    let rest = RATIOS.replace(",total_debt_to_ebitda", "");
    let faults = find(
        Kind::Annual,
        &[&format!("symbol,year,totl_debt_ebitda,{rest}")],
    );
    assert!(
        faults.unwrap_err()[0]
            .detail
            .contains("is \"totl_debt_ebitda\" meant for")
    );
}

#[test]
fn column_of_securities_beside_symbols_has_the_names() {
    let header = format!("Symbol,Security,Year,{RATIOS}");
    let layout = find(Kind::Annual, &[&header]).unwrap();
    assert_eq!((layout.symbol(), layout.descriptions()[0]), (0, Some(1)));
    let header = format!("Security,Year,{RATIOS}");
    assert_eq!(find(Kind::Annual, &[&header]).unwrap().symbol(), 0);
    let header = format!("Symbol,Security,Name,Year,{RATIOS}");
    let layout = find(Kind::Annual, &[&header]).unwrap();
    assert_eq!(layout.descriptions()[0], Some(2));
}
