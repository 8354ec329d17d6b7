//! Statements of real companies: every figure is compared with a script that computes it
//! differently.

use std::process::Command;

use serde_json::Value;

use super::{report, validate};
use crate::kit::{WorkingFolder, shared, stderr};

const RATIOS: [&str; 5] = [
    "long_term_debt_to_total_capital",
    "total_debt_to_ebitda",
    "net_income_margin",
    "ebit_to_interest_expense",
    "return_on_assets",
];
/// The shipped models' target rate, and an AUC for comparison.
const REFERENCE: [&str; 4] = ["--target-rate", "0.015", "--initial-auc", "0.85"];

/// Returns a file of statements and one of outcomes: those of Polish companies without
/// duplicates, or those of US companies whose label states whether they went bankrupt within a
/// year.
fn files(
    workdir: &WorkingFolder,
    path: &str,
    label: &str,
    keep: impl Fn(&csv::StringRecord) -> bool,
) -> [String; 2] {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|h| h == name).unwrap();
    let mut statements = format!("company_symbol,reporting_year,{}\n", RATIOS.join(","));
    let mut outcomes = "company_symbol,occurred_on\n".to_owned();
    for (i, record) in reader
        .records()
        .map(Result::unwrap)
        .filter(keep)
        .enumerate()
    {
        let cells = RATIOS.map(|name| record[at(name)].to_owned());
        statements += &format!("X{i:05},2023,{}\n", cells.join(","));
        if &record[at(label)] == "1" {
            // Spread over the window, so that the days differ.
            outcomes += &format!("X{i:05},2025-{:02}-15\n", 1 + i % 6);
        }
    }
    let scores = workdir.path("scores.csv");
    let input = workdir.file("statements.csv", &statements);
    let scored = workdir.score(&[
        &input,
        "--kind",
        "annual",
        "--no-reasons",
        "--output",
        &scores,
    ]);
    assert!(scored.status.success(), "{}", stderr(&scored));
    [scores, workdir.file("outcomes.csv", &outcomes)]
}

fn agree(path: &str, ours: &Value, theirs: &Value) {
    let (Some(a), Some(b)) = (ours.as_f64(), theirs.as_f64()) else {
        assert_eq!(ours, theirs, "{path}");
        return;
    };
    assert!(
        (a - b).abs() <= 1e-9 * b.abs().max(1.0),
        "{path}: {a} is not {b}"
    );
}

/// Checks that each of the script's figures is in the report.
fn compare(workdir: &WorkingFolder, predictions: &str, outcomes: &str) -> Option<Value> {
    let sample = workdir.path("sample.csv");
    let window = [
        "--d0",
        "2024-06-30",
        "--complete-through",
        "2025-06-30",
        "--basis",
        "period",
    ];
    let arguments = [&window[..], &REFERENCE, &["--sample", &sample]].concat();
    let report = report(&validate(workdir, predictions, outcomes, &arguments));
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/score/validate/figures.py"
    );
    let run = Command::new("python3")
        .args([script, &sample, "0.85", "0.015"])
        .output()
        .ok()?;
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let theirs: Value = serde_json::from_slice(&run.stdout).unwrap();
    let ours = &report["windows"][0];
    for (name, count) in theirs["sample"].as_object().unwrap() {
        agree(name, &ours["sample"][name], count);
    }
    let calibration = &ours["calibration"];
    let power = &ours["discriminatory_power"];
    let stability = &ours["stability"];
    let groups = [
        ("default_rate", &ours["default_rate"]),
        ("intercept", &calibration["line"]["intercept"]),
        ("slope", &calibration["line"]["slope"]),
        ("brier", &calibration["brier"]),
        ("brier_parts", &calibration["brier_parts"]),
        ("hosmer_lemeshow", &calibration["hosmer_lemeshow"]),
        ("auc", &power["pd"]),
        ("auc_grades", &power["grades"]),
        ("change", &power["change"]),
        ("grade_change", &power["grade_change"]),
    ];
    for (name, ours) in groups {
        for (figure, value) in theirs[name].as_object().unwrap() {
            agree(&format!("{name}.{figure}"), &ours[figure], value);
        }
    }
    for figure in ["value", "standard_error", "p"] {
        agree(
            figure,
            &calibration["shift"]["delta"][figure],
            &theirs["shift"][figure],
        );
    }
    for (name, ours) in [
        ("kaplan_meier", &ours["kaplan_meier"]),
        ("new_target_rate", &calibration["new_target_rate"]),
        ("upper", &stability["bandwidths"]["upper"]),
        ("lower", &stability["bandwidths"]["lower"]),
        ("variation", &stability["concentration"]["variation"]),
        ("herfindahl", &stability["concentration"]["herfindahl"]),
        ("migration", &stability["migration"]),
    ] {
        agree(name, ours, &theirs[name]);
    }
    let ability = &ours["predictive_ability"];
    tests("portfolio", &ability["portfolio"], &theirs["portfolio"]);
    for (i, grade) in ability["grades"].as_array().unwrap().iter().enumerate() {
        let other = &theirs["grades"][(i + 1).to_string()];
        assert_eq!(grade["test"].is_null(), other.is_null(), "grade {}", i + 1);
        if !other.is_null() {
            tests(&format!("grade {}", i + 1), &grade["test"], other);
            agree("Holm", &grade["p_holm"], &other["p_holm"]);
        }
    }
    Some(report)
}

fn tests(name: &str, ours: &Value, theirs: &Value) {
    for figure in [
        "companies",
        "defaults",
        "rate",
        "pd",
        "correlation",
        "p_correlated",
    ] {
        agree(&format!("{name} {figure}"), &ours[figure], &theirs[figure]);
    }
    for figure in ["p_too_low", "p_too_high", "rate_from", "rate_to"] {
        agree(
            &format!("{name} {figure}"),
            &ours["jeffreys"][figure],
            &theirs[figure],
        );
    }
}

#[test]
fn figures_on_polish_companies_are_those_of_the_script() {
    let Some(file) = shared("bankruptcy_train.csv") else {
        return skipped();
    };
    let workdir = WorkingFolder::new();
    let [predictions, outcomes] = files(&workdir, &file, "bankrupt", |row| &row[12] == "0");
    let Some(report) = compare(&workdir, &predictions, &outcomes) else {
        return skipped();
    };
    let window = &report["windows"][0];
    assert!(window["sample"]["sample"].as_u64().unwrap() > 4_000);
    assert!(
        report["notes"][0]
            .as_str()
            .unwrap()
            .starts_with("Hindsight")
    );
    // Moving all log-odds by δ makes the mean PD equal to the default rate of the sample.
    let rate = window["default_rate"]["keep"].as_f64().unwrap();
    let delta = window["calibration"]["shift"]["delta"]["value"]
        .as_f64()
        .unwrap();
    let mut sample = csv::Reader::from_path(workdir.path("sample.csv")).unwrap();
    let rows: Vec<_> = sample.records().map(Result::unwrap).collect();
    let moved = rows.iter().filter(|row| row[6].is_empty()).map(|row| {
        let pd: f64 = row[3].parse().unwrap();
        1.0 / (1.0 + ((1.0 - pd) / pd) * (-delta).exp())
    });
    let moved: Vec<f64> = moved.collect();
    let mean = moved.iter().sum::<f64>() / moved.len() as f64;
    assert!((mean - rate).abs() < 1e-9, "{mean} for {rate}");
}

#[test]
fn figures_on_american_companies_are_those_of_the_script() {
    let Some(file) = shared("us_statements_train.csv") else {
        return skipped();
    };
    let workdir = WorkingFolder::new();
    let [predictions, outcomes] = files(&workdir, &file, "event", |row| {
        &row[0] == "bankrupt_within_a_year"
    });
    let Some(report) = compare(&workdir, &predictions, &outcomes) else {
        return skipped();
    };
    assert!(report["windows"][0]["sample"]["sample"].as_u64().unwrap() > 1_500);
}

#[expect(clippy::print_stderr, reason = "a test that is skipped has to say so")]
fn skipped() {
    eprintln!("SKIPPED: ../shared/data or python3 is not there");
}
