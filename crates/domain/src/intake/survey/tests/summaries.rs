//! Rows that are not companies by their figures, and what stands beside or between the rows.

use super::*;

/// Eight companies with figures of their own.
fn companies() -> Vec<[f64; 5]> {
    (1..9)
        .map(|n| {
            let n = f64::from(n);
            [
                0.1 + n * n / 200.0,
                1.0 + n / 3.0,
                n * 0.011,
                3.0 + n * n,
                0.02 + n.sqrt() / 50.0,
            ]
        })
        .collect()
}

fn row(symbol: &str, figures: [f64; 5]) -> String {
    let figures: Vec<String> = figures
        .iter()
        .map(|figure| format!("{figure:.6}"))
        .collect();
    format!("{symbol},2024,{}", figures.join(","))
}

fn surveyed(rows: &[String]) -> Vec<JobWarning> {
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    table(&rows).survey(Options::default()).unwrap().1
}

fn summary(of: impl Fn(&mut Vec<f64>) -> f64) -> [f64; 5] {
    [0, 1, 2, 3, 4].map(|ratio| {
        let mut values: Vec<f64> = companies().iter().map(|figures| figures[ratio]).collect();
        values.sort_by(f64::total_cmp);
        of(&mut values)
    })
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "eight rows")]
fn row_whose_figures_summarise_the_others_is_reported_whatever_its_name() {
    let rows: Vec<String> = companies()
        .into_iter()
        .enumerate()
        .map(|(n, figures)| row(&format!("S{n}"), figures))
        .collect();
    assert!(!codes(&surveyed(&rows)).contains(&"likely_summary_rows"));
    let mean = |values: &mut Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    let summaries = [
        summary(mean),
        summary(|values| values.iter().sum()),
        summary(|values| (values[3] + values[4]) / 2.0),
        summary(|values| values[0]),
        summary(|values| values[7]),
    ];
    for (figures, name) in summaries
        .into_iter()
        .zip(["BENCHMARK", "ALLCO", "P50", "WORST", "BEST"])
    {
        let last = rows
            .iter()
            .cloned()
            .chain([row(name, figures)])
            .collect::<Vec<_>>();
        let first = [row(name, figures)]
            .into_iter()
            .chain(rows.clone())
            .collect::<Vec<_>>();
        // Of two rows with the largest figures, the first may be the company.
        let is_bound = matches!(name, "WORST" | "BEST");
        for rows in [Some(last), Some(first).filter(|_| !is_bound)]
            .into_iter()
            .flatten()
        {
            let warnings = surveyed(&rows);
            let found = details(&warnings, "likely_summary_rows");
            assert!(
                found.len() == 1 && found[0].contains(name),
                "{name}: {warnings:?}"
            );
        }
    }
    // The median is found although the mean stands above it.
    let both = [row("AA", summaries[0]), row("BB", summaries[2])];
    let rows: Vec<String> = rows.into_iter().chain(both).collect();
    let warnings = surveyed(&rows);
    let found = details(&warnings, "likely_summary_rows");
    assert!(found[0].starts_with("2 rows"), "{found:?}");
}

#[test]
fn equal_rows_are_no_summaries() {
    let rows: Vec<String> = (0..9)
        .map(|n| row(&format!("S{n}"), companies()[0]))
        .collect();
    assert!(!codes(&surveyed(&rows)).contains(&"likely_summary_rows"));
}

fn workbook(remarks: &[(usize, &str)]) -> Result<(Plan, Vec<JobWarning>), Vec<Fault>> {
    let mut table = changed(0, "S#", 10);
    for (row, remark) in remarks {
        table.rows[*row].extend(["", "", remark].map(str::to_owned));
    }
    let cells = table.cells();
    let layout = Layout::find(Kind::Annual, &cells).unwrap();
    let mut survey = Survey::new(layout, Options::default(), false);
    cells[1..].iter().for_each(|row| survey.see(row));
    let (plan, warnings) = survey.finish()?;
    for row in &cells[1..] {
        plan.read(row).unwrap();
    }
    Ok((plan, warnings))
}

#[test]
fn remark_beside_a_table_costs_no_row_and_is_reported() {
    let (_, warnings) = workbook(&[(3, "checked"), (7, "checked")]).unwrap();
    let found = details(&warnings, "cells_beside_table");
    assert!(
        found[0].contains("2 rows") && found[0].contains("J4"),
        "{found:?}"
    );
    let all: Vec<(usize, &str)> = (1..11).map(|row| (row, "0.3")).collect();
    let faults = workbook(&all).unwrap_err();
    assert_eq!(faults[0].code, "cell_count");
}

#[test]
fn second_header_in_unknown_words_stops_the_file() {
    let header = "Firma,Jahr,Verschuldung,Entschuldung,Marge,Deckung,Rendite";
    let rows = [
        "A,2024,0.41,3.6,0.061,5.2,0.044",
        header,
        "B,2024,5.2,0.28,0.03,2.1,0.05",
    ];
    let faults = table(&rows).survey(Options::default()).unwrap_err();
    assert!(
        faults.iter().any(|fault| fault.code == "several_headers"),
        "{faults:?}"
    );
    // Directly below the header it explains the columns, and is one row.
    let rows = [header, rows[0], rows[2]];
    assert!(table(&rows).survey(Options::default()).is_ok());
}

#[test]
fn likely_symbols_and_years_in_the_future_are_reported() {
    let rows = [
        "TRUE,2024,0.41,3.6,0.061,5.2,0.044",
        "B,2042,0.38,3.1,0.07,6.2,0.05",
    ];
    let options = Options {
        this_year: Some(2026),
        ..Options::default()
    };
    let (_, warnings) = table(&rows).survey(options).unwrap();
    assert!(details(&warnings, "likely_symbols")[0].contains("TRUE"));
    assert!(details(&warnings, "likely_periods")[0].contains("2042"));
    let next = ["A,2027,0.41,3.6,0.061,5.2,0.044"];
    let options = Options {
        this_year: Some(2026),
        ..Options::default()
    };
    let (_, warnings) = table(&next).survey(options).unwrap();
    assert!(!codes(&warnings).contains(&"likely_periods"));
}

const QUARTERS: &str = "company_symbol,year_column,reporting_quarter,current_ratio,quick_ratio,debt_to_equity,inventory_turnover,receivables_turnover,working_capital_to_total_assets";

fn quarterly(header: &str, rows: &[&str]) -> Result<(Plan, Vec<JobWarning>), Vec<Fault>> {
    let table = Table::of(&format!("{header}\n{}", rows.join("\n")), ',');
    let cells = table.cells();
    let layout = Layout::find(Kind::Quarterly, &cells)?;
    let mut survey = Survey::new(layout, Options::default(), true);
    cells[1..].iter().for_each(|row| survey.see(row));
    survey.finish()
}

#[test]
fn fiscal_quarters_beside_dates_stop_the_file_unless_the_year_is_known() {
    let header = QUARTERS.replace("year_column", "period end date");
    let figures = "1.5,1.1,0.5,5,6,0.2";
    let rows = [
        format!("A,2024-09-30,Q4,{figures}"),
        format!("A,2024-12-31,Q1,{figures}"),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let faults = quarterly(&header, &rows).unwrap_err();
    assert_eq!(faults[0].code, "fiscal_year");
    assert!(faults[0].detail.contains("row 3"), "{}", faults[0].detail);
    assert!(quarterly(&header, &rows[..1]).is_ok());
    // A column of fiscal years settles it, and the date beside it is not read.
    let header = QUARTERS.replace("year_column", "Fiscal Year") + ",Period End Date";
    let row = format!("A,2025,Q1,{figures},2024-12-31");
    let (plan, _) = quarterly(&header, &[&row]).unwrap();
    let table = Table::of(&row, ',');
    let read = plan.read(&Cells::new(2, &table.rows[0])).unwrap();
    assert_eq!(read.period.year.get(), 2025);
    assert!(codes(&plan.layout().warnings()).contains(&"repeated_column"));
}

#[test]
fn date_of_a_quarter_is_reported_in_its_own_column() {
    let header = QUARTERS.replace("year_column", "reporting_year");
    let (_, warnings) = quarterly(&header, &["A,2024,2024-09-30,1.5,1.1,0.5,5,6,0.2"]).unwrap();
    let warning = warnings
        .iter()
        .find(|w| w.code == "likely_periods")
        .unwrap();
    assert_eq!(warning.columns, ["reporting_quarter"]);
    assert!(warning.detail.contains("2024-09-30"), "{}", warning.detail);
}
