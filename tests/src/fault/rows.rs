//! The file of a disturbed job, and the outcomes of its rows without faults.

use std::{collections::BTreeMap, fmt::Write as _};

use anyhow::{Context, ensure};

use super::server::Client;

/// One row in this many cannot be used, and one repeats the row before.
const BAD: usize = 100;
const REPEATED: usize = 250;

/// Returns a CSV file of this number of rows.
pub(super) fn file(rows: usize) -> Vec<u8> {
    let mut text = String::with_capacity(rows * 64);
    text.push_str(
        "company_symbol,sector,reporting_year,long_term_debt_to_total_capital,total_debt_to_ebitda,\
         net_income_margin,ebit_to_interest_expense,return_on_assets\n",
    );
    for n in 0..rows {
        let of = if is_repeated(n) { n - 1 } else { n };
        let year = if is_bad(n) {
            "24"
        } else {
            ["2022", "2023", "2024"][of % 3]
        };
        // Writing to memory cannot fail.
        let _ = writeln!(
            text,
            "S{},Energy,{year},0.{:02},{}.5,0.0{},6.{},0.05",
            of / 3,
            of % 90,
            of % 40,
            of % 9,
            of % 10
        );
    }
    text.into_bytes()
}

fn is_bad(n: usize) -> bool {
    n % BAD == 7
}

fn is_repeated(n: usize) -> bool {
    n % REPEATED == 50
}

/// Checks that a job is completed and every row has exactly one outcome, the same as without
/// faults; returns the outcome of each row, by its number.
pub(super) async fn check(
    client: &Client,
    job: &str,
    rows: usize,
) -> anyhow::Result<BTreeMap<u64, String>> {
    let counts = client.get(&format!("/bulk-uploads/{job}")).await?;
    let error = (0..rows).filter(|n| is_bad(*n)).count();
    let skipped = (0..rows).filter(|n| is_repeated(*n)).count();
    let stored = rows - error - skipped;
    for (name, expected) in [
        ("total_rows", rows),
        ("processed_rows", rows),
        ("success_count", stored),
        ("skipped_count", skipped),
        ("error_count", error),
        ("updated_count", 0),
    ] {
        ensure!(
            counts[name] == expected,
            "{name} is not {expected}: {counts}"
        );
    }
    ensure!(counts["status"] == "completed", "not completed: {counts}");
    let mut outcomes = BTreeMap::new();
    let csv = client
        .text(&format!("/predictions/annual?job_id={job}"), "text/csv")
        .await?;
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().context("a header")?.split(',').collect();
    let at = |name: &str| {
        let found = header.iter().position(|column| *column == name);
        found.with_context(|| format!("no column {name} in {header:?}"))
    };
    let columns = [
        at("company_symbol")?,
        at("reporting_year")?,
        at("probability")?,
        at("risk_level")?,
    ];
    let row_at = at("bulk_row")?;
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let cell = |at: usize| cells.get(at).copied().unwrap_or_default();
        let row = cell(row_at).parse().context("a row's number")?;
        let what = columns.map(cell).join(" ");
        let twice = outcomes.insert(row, what);
        ensure!(twice.is_none(), "row {row} has two predictions");
    }
    ensure!(
        outcomes.len() == stored,
        "{} rows have their prediction, not {stored}",
        outcomes.len()
    );
    // The rows that have no prediction. Their CSV form has no numbers, so they are read as JSON.
    for (status, expected) in [("skipped", skipped), ("error", error)] {
        let mut seen = 0;
        let mut path = format!("/bulk-uploads/{job}/rows?status={status}&limit=100");
        loop {
            let page = client.get(&path).await?;
            for row in page["data"].as_array().context("a page of rows")? {
                let number = row["row"].as_u64().context("a row's number")?;
                let twice = outcomes.insert(number, status.to_owned());
                ensure!(twice.is_none(), "row {number} has two outcomes");
                seen += 1;
            }
            let Some(cursor) = page["next_cursor"].as_str() else {
                break;
            };
            path = format!("/bulk-uploads/{job}/rows?status={status}&limit=100&cursor={cursor}");
        }
        ensure!(seen == expected, "{seen} rows are {status}, not {expected}");
    }
    ensure!(outcomes.len() == rows, "{} outcomes", outcomes.len());
    Ok(outcomes)
}
