//! `accunode validate`: compares predictions with outcomes, without server and database.

mod real_data;

use std::{fs, process::Output};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::kit::{WorkingFolder, stderr};

/// The fourteen companies of the design's example: D0 is 2024-12-31.
const PREDICTIONS: &str = "company_symbol,period,predicted_at,replaced_at,pd,flags
c1,2023,2024-06-01T10:00:00Z,,0.01,
c2,2023,2024-06-01T10:00:00Z,,0.01,
c3,2023,2024-06-01T10:00:00Z,,0.01,
c4,2023,2024-06-01T10:00:00Z,,0.01,
c5,2023,2023-12-30T10:00:00Z,,0.01,
c6,2021,2024-06-01T10:00:00Z,,0.01,
c7,2023,2024-06-01T10:00:00Z,,0.01,
c8,2023,2024-06-01T10:00:00Z,,0.01,
c9,2023,2024-06-01T10:00:00Z,,0.01,
c10,2023,2024-06-01T10:00:00Z,2025-02-01T09:00:00Z,0.02,
c10,2023,2025-02-01T09:00:00Z,,0.2,
c11,2023,2025-01-15T10:00:00Z,,0.01,
c12,2023,2024-06-01T10:00:00Z,,0.01,
c13,2023,2024-06-01T10:00:00Z,,0.01,sector_out_of_scope
c14,2023,2024-06-01T10:00:00Z,,0.01,
";
const OUTCOMES: &str = "company_symbol,event,occurred_on,technical,recorded_at
c2,default,2025-12-31,,2026-01-15T00:00:00Z
c3,default,2024-12-31,,2026-01-15T00:00:00Z
c4,default,2024-03-01,,2026-01-15T00:00:00Z
c4,cure,2024-10-01,,2026-01-15T00:00:00Z
c7,exit,2025-05-01,,2026-01-15T00:00:00Z
c8,exit,2025-03-01,,2026-01-15T00:00:00Z
c8,default,2025-09-01,,2026-01-15T00:00:00Z
c9,default,2025-04-01,true,2026-01-15T00:00:00Z
c12,default,2025-02-01,,2026-01-15T00:00:00Z
c12,cure,2025-06-01,,2026-01-15T00:00:00Z
c12,default,2025-11-01,,2026-01-15T00:00:00Z
c14,default,2025-03-01,,2026-05-01T00:00:00Z
nowhere,default,2025-03-01,,2026-05-01T00:00:00Z
";
const WINDOW: [&str; 4] = ["--d0", "2024-12-31", "--complete-through", "2025-12-31"];

fn validate(workdir: &WorkingFolder, predictions: &str, outcomes: &str, more: &[&str]) -> Output {
    let mut arguments = vec![predictions, outcomes];
    arguments.extend(more);
    workdir.run("validate", &arguments)
}

fn report(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn example(workdir: &WorkingFolder, more: &[&str]) -> Output {
    let predictions = workdir.file("predictions.csv", PREDICTIONS);
    let outcomes = workdir.file("outcomes.csv", OUTCOMES);
    validate(workdir, &predictions, &outcomes, &[&WINDOW, more].concat())
}

#[test]
fn validation_counts_only_outcomes_known_as_of_the_time() {
    let workdir = WorkingFolder::new();
    let later = example(&workdir, &["--as-of", "2026-06-01T00:00:00Z"]);
    let sample = report(&later)["windows"][0]["sample"].clone();
    let expected = serde_json::json!({
        "population": 13, "in_default": 1, "left": 0, "customers": 12, "rating_outdated": 1,
        "statement_outdated": 1, "out_of_scope": 1, "not_covered": 0, "sample": 9,
        "defaults": 4, "exits": 1, "technical": 1, "deleted": null
    });
    assert_eq!(sample, expected);
    assert!(stderr(&later).contains("1 rows of companies without predictions"));
    let earlier = report(&example(&workdir, &["--as-of", "2026-03-01T00:00:00Z"]));
    assert_eq!(earlier["windows"][0]["sample"]["defaults"], 3);
    assert_eq!(earlier["windows"][0]["verdicts"]["overall"], "undetermined");
}

#[test]
fn validation_sample_is_written_with_its_hash_in_any_row_order() {
    let workdir = WorkingFolder::new();
    let sample = workdir.path("sample.csv");
    let first = report(&example(&workdir, &["--sample", &sample]));
    let text = fs::read(&sample).unwrap();
    assert_eq!(first["sample_sha256"], hex::encode(Sha256::digest(&text)));
    assert_eq!(String::from_utf8(text).unwrap().lines().count(), 14);
    let reversed = |text: &str| {
        let mut lines: Vec<_> = text.lines().collect();
        lines[1..].reverse();
        lines.join("\n")
    };
    let predictions = workdir.file("p.csv", &reversed(PREDICTIONS));
    let outcomes = workdir.file("o.csv", &reversed(OUTCOMES));
    assert_eq!(
        report(&validate(&workdir, &predictions, &outcomes, &WINDOW)),
        first
    );
}

#[test]
fn window_without_outcome_coverage_is_refused() {
    let workdir = WorkingFolder::new();
    let predictions = workdir.file("predictions.csv", PREDICTIONS);
    let outcomes = workdir.file("outcomes.csv", OUTCOMES);
    let run = |more: &[&str]| validate(&workdir, &predictions, &outcomes, more);
    let refused = run(&["--d0", "2024-12-31", "--complete-through", "2025-12-30"]);
    assert!(!refused.status.success() && stderr(&refused).contains("silence proves nothing"));
    let refused = run(&[&WINDOW[..], &["--complete-from", "2025-01-02"]].concat());
    assert!(
        stderr(&refused).contains("begins before"),
        "{}",
        stderr(&refused)
    );
    let covered = run(&[&WINDOW[..], &["--complete-from", "2025-01-01"]].concat());
    assert!(covered.status.success(), "{}", stderr(&covered));
}

#[test]
fn markdown_report_follows_the_sections_and_escapes_input() {
    let workdir = WorkingFolder::new();
    let output = example(
        &workdir,
        &[
            "--format",
            "markdown",
            "--definition",
            "crr|178 <b>",
            "--label",
            "bankruptcy@1",
        ],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let sections = [
        "Sample (2.5.1)",
        "Calibration",
        "(2.5.3)",
        "(2.5.4)",
        "(2.5.5)",
    ];
    let places = sections.map(|name| text.find(name).unwrap());
    assert!(places.is_sorted(), "{places:?}");
    let first = text.lines().nth(2).unwrap();
    assert!(first.contains(r"crr\|178 \<b\>") && first.contains("difference of the definitions"));
}

#[test]
fn every_fault_of_an_input_file_names_row_and_column() {
    let workdir = WorkingFolder::new();
    let predictions = workdir.file(
        "predictions.csv",
        "symbol,period,pd,predicted_at\nA,24,1.5,yesterday\n,2024,0.1,2024-01-01T00:00:00Z\n",
    );
    let outcomes = workdir.file("outcomes.csv", "symbol,occurred_on\n");
    let refused = validate(&workdir, &predictions, &outcomes, &WINDOW);
    let message = stderr(&refused);
    assert!(!refused.status.success());
    for part in [
        "row 2: pd: \"1.5\"",
        "row 2: period",
        "row 2: predicted_at",
        "row 3: company_symbol",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let lacking = workdir.file("lacking.csv", "symbol,when\nA,2024-01-01\n");
    let good = workdir.file("good.csv", PREDICTIONS);
    let refused = validate(&workdir, &good, &lacking, &WINDOW);
    assert!(
        stderr(&refused).contains("lacks the columns occurred_on"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn overlapping_windows_have_rates_and_no_tests() {
    let workdir = WorkingFolder::new();
    let predictions = workdir.file("predictions.csv", PREDICTIONS);
    let outcomes = workdir.file("outcomes.csv", OUTCOMES);
    let window = [
        "--d0",
        "2024-06-30",
        "--d0-to",
        "2024-12-31",
        "--complete-through",
        "2025-12-31",
    ];
    let overlapping = [&window[..], &["--step", "6"]].concat();
    let report = report(&validate(&workdir, &predictions, &outcomes, &overlapping));
    assert_eq!(report["windows"], serde_json::json!([]));
    assert_eq!(report["series"]["overlapping"], true);
    assert_eq!(report["series"]["rates"].as_array().unwrap().len(), 2);
    assert!(report["series"]["pooled_auc"].is_null());
}
