//! A file that cannot be scored is reported with a remedy, and existing files stay
//! unchanged.

use std::fs;

use crate::{
    ANNUAL,
    kit::{WorkingFolder, answer, stderr},
};

#[test]
fn file_in_percent_is_refused_and_the_output_left_unchanged() {
    let workdir = WorkingFolder::new();
    let header = ANNUAL.lines().next().unwrap();
    // A single row is not conclusive about a file; four are.
    let lines = ["2024", "2023", "2022", "2021"]
        .map(|year| format!("NRTH,{year},Industrials,23.66,2.249,9.73,11.47,6.47\n"));
    let file = workdir.file("rows.csv", &format!("{header}\n{}", lines.concat()));
    let output = workdir.file("scores.csv", "before");
    let exists = workdir.score(&[&file, "--kind", "annual", "--output", &output]);
    assert!(stderr(&exists).contains("--force"), "{}", stderr(&exists));
    let refused = workdir.score(&[&file, "--kind", "annual", "--output", &output, "--force"]);
    assert!(!refused.status.success());
    let message = stderr(&refused);
    assert!(
        message.contains("return_on_assets looks like percent")
            && message.contains("--ratio-unit percent")
            && message.contains("--confirm-units"),
        "{message}"
    );
    assert_eq!(fs::read_to_string(&output).unwrap(), "before");
    let percent = answer(&workdir.score(&[&file, "--kind", "annual", "--ratio-unit", "percent"]));
    let file = workdir.file("fraction.csv", ANNUAL);
    let fraction = answer(&workdir.score(&[&file, "--kind", "annual"]));
    assert_eq!(percent[0]["pd"], fraction[0]["pd"]);
    let confirmed = workdir.score(&[
        &workdir.path("rows.csv"),
        "--kind",
        "annual",
        "--confirm-units",
    ]);
    assert!(answer(&confirmed)[0]["flags"].contains("clamped_high"));
}

#[test]
fn every_missing_column_is_named() {
    let workdir = WorkingFolder::new();
    let file = workdir.file("rows.csv", "symbol,year,total_debt_to_ebitda\nA,2024,1\n");
    let refused = workdir.score(&[&file, "--kind", "annual"]);
    assert!(!refused.status.success() && refused.stdout.is_empty());
    let message = stderr(&refused);
    for column in [
        "net_income_margin",
        "ebit_to_interest_expense",
        "return_on_assets",
    ] {
        assert!(message.contains(column), "{message}");
    }
    assert!(!message.contains("lacks company_symbol"), "{message}");
}

#[test]
fn unreadable_input_file_is_reported_by_name() {
    let workdir = WorkingFolder::new();
    for (name, text, part) in [
        ("rows.pdf", "%PDF", ".csv"),
        ("rows.xlsx", "not a workbook", "xlsx"),
        ("empty.csv", "", "empty"),
    ] {
        let file = workdir.file(name, text);
        let refused = workdir.score(&[&file, "--kind", "annual"]);
        let message = stderr(&refused);
        assert!(!refused.status.success(), "{name}: {message}");
        assert!(
            message.contains(part) && message.contains(name),
            "{name}: {message}"
        );
    }
    let refused = workdir.score(&["nowhere.csv", "--kind", "annual"]);
    assert!(
        stderr(&refused).contains("nowhere.csv"),
        "{}",
        stderr(&refused)
    );
}
