//! Files as analysts write them.

use crate::kit::{WorkingFolder, answer, shared, stderr};

#[test]
fn workbooks_of_large_companies_are_scored_in_percent() {
    let Some(file) = shared("sp500_annual_1.xlsx") else {
        return skipped();
    };
    let workdir = WorkingFolder::new();
    let refused = workdir.score(&[&file, "--kind", "annual"]);
    assert!(
        stderr(&refused).contains("--ratio-unit percent"),
        "{}",
        stderr(&refused)
    );
    let rows = answer(&workdir.score(&[&file, "--kind", "annual", "--ratio-unit", "percent"]));
    assert_eq!(rows.len(), 2_475);
    let scored: Vec<_> = rows.iter().filter(|row| row["error"].is_empty()).collect();
    assert!(scored.len() > 2_000, "{}", scored.len());
    let low = scored
        .iter()
        .filter(|row| row["risk_level"] == "Low")
        .count();
    assert!(2 * low > scored.len(), "{low} of {}", scored.len());
    assert!(
        rows.iter()
            .all(|row| row["error"].is_empty() != row["pd"].is_empty())
    );
}

#[test]
fn quarterly_file_is_scored_completely() {
    let Some(file) = shared("quarterly_statements.csv") else {
        return skipped();
    };
    let workdir = WorkingFolder::new();
    let rows = answer(&workdir.score(&[&file, "--kind", "quarterly", "--no-reasons"]));
    assert_eq!(rows.len(), 3_000);
    assert!(rows.iter().filter(|row| row["error"].is_empty()).count() > 2_900);
}

#[expect(clippy::print_stderr, reason = "a test that is skipped has to say so")]
fn skipped() {
    eprintln!("SKIPPED: ../shared/data is not there");
}
