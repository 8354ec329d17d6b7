//! Statements of real companies through uploads: every figure is compared with a script that
//! computes it differently from the report's own sample.

use std::process::Command;

use accunode_tests::{Service, real_data};
use serde_json::{Value, json};

use super::{complete, validated, window};
use crate::support::text;

const RATIOS: [&str; 5] = [
    "long_term_debt_to_total_capital",
    "total_debt_to_ebitda",
    "net_income_margin",
    "ebit_to_interest_expense",
    "return_on_assets",
];
const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../crates/server/tests/score/validate/figures.py"
);

/// Returns a file of statements and one of outcomes, spread over the window.
fn files(path: &std::path::Path) -> (Vec<u8>, Vec<u8>) {
    let mut reader = csv::Reader::from_path(path).expect("the data");
    let header = reader.headers().expect("a header").clone();
    let at = |name: &str| header.iter().position(|h| h == name).expect(name);
    let mut statements = format!("company_symbol,reporting_year,{}\n", RATIOS.join(","));
    let mut outcomes = "company_symbol,definition,occurred_on\n".to_owned();
    let records = reader.records().map(|record| record.expect("a record"));
    for (i, record) in records.filter(|row| &row[12] == "0").enumerate() {
        let cells = RATIOS.map(|name| record[at(name)].to_owned());
        statements += &format!("X{i:05},2022,{}\n", cells.join(","));
        if &record[at("bankrupt")] == "1" {
            outcomes += &format!("X{i:05},bankruptcy@1,2024-{:02}-15\n", 1 + i % 6);
        }
    }
    (statements.into_bytes(), outcomes.into_bytes())
}

/// Checks that the script's figures equal the report's, wherever they have the same name.
fn agree(path: &str, ours: &Value, theirs: &Value, compared: &mut u32) {
    match (ours.as_f64(), theirs.as_f64()) {
        (Some(a), Some(b)) => {
            *compared += 1;
            let close = (a - b).abs() <= 1e-9 * b.abs().max(1.0);
            assert!(close, "{path}: {a} is not {b}");
        }
        _ => match theirs {
            Value::Object(fields) => {
                for (name, value) in fields {
                    agree(&format!("{path}/{name}"), &ours[name], value, compared);
                }
            }
            other => assert_eq!(ours, other, "{path}"),
        },
    }
}

#[tokio::test]
async fn figures_of_uploaded_companies_equal_an_independent_script() {
    let Some(path) = real_data("bankruptcy_train.csv") else {
        return;
    };
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let (statements, outcomes) = files(&path);
    for (job_type, bytes) in [("annual", statements), ("outcomes", outcomes)] {
        let fields = [("job_type", job_type)];
        let job = ana.upload(("real.csv", bytes), &fields).await.expect(202);
        let done = service.finished(&ana, text(&job, "id")).await;
        assert_eq!(done["status"], "completed", "{done}");
        assert!(done["success_count"].as_u64() > Some(150), "{done}");
    }
    let coverage = "/outcome-coverage/bankruptcy@1";
    let _ = ana.put(coverage, &complete(&json!({}))).await.expect(200);
    let body = json!({
        "kind": "annual", "d0": "2023-06-30", "basis": "period", "initial_auc": 0.85,
        "target_rate": 0.015,
    });
    let report = validated(&service, &ana, &body).await;
    let ours = window(&report);
    assert!(ours["sample"]["sample"].as_u64() > Some(4_000));
    let sample = format!("/validations/{}/sample.csv", text(&report, "id"));
    let sample = ana.get(&sample).await.text;
    let file = service.folder().join("sample.csv");
    std::fs::write(&file, sample).expect("the sample");
    let run = Command::new("python3")
        .arg(SCRIPT)
        .arg(&file)
        .args(["0.85", "0.015"])
        .output();
    let Ok(run) = run else { return };
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let theirs: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    let (calibration, power) = (&ours["calibration"], &ours["discriminatory_power"]);
    let (stability, ability) = (&ours["stability"], &ours["predictive_ability"]);
    let mut compared = 0;
    for (name, ours) in [
        ("sample", &ours["sample"]),
        ("default_rate", &ours["default_rate"]),
        ("kaplan_meier", &ours["kaplan_meier"]),
        ("new_target_rate", &calibration["new_target_rate"]),
        ("intercept", &calibration["line"]["intercept"]),
        ("slope", &calibration["line"]["slope"]),
        ("brier", &calibration["brier"]),
        ("brier_parts", &calibration["brier_parts"]),
        ("hosmer_lemeshow", &calibration["hosmer_lemeshow"]),
        ("auc", &power["pd"]),
        ("auc_grades", &power["grades"]),
        ("change", &power["change"]),
        ("grade_change", &power["grade_change"]),
        ("variation", &stability["concentration"]["variation"]),
        ("herfindahl", &stability["concentration"]["herfindahl"]),
        ("migration", &stability["migration"]),
    ] {
        agree(name, ours, &theirs[name], &mut compared);
    }
    for name in ["value", "standard_error", "p"] {
        let delta = &calibration["shift"]["delta"][name];
        agree(name, delta, &theirs["shift"][name], &mut compared);
    }
    let tests = |ours: &Value, theirs: &Value, compared: &mut u32| {
        for name in [
            "companies",
            "defaults",
            "rate",
            "pd",
            "correlation",
            "p_correlated",
        ] {
            agree(name, &ours[name], &theirs[name], compared);
        }
        for name in ["p_too_low", "p_too_high", "rate_from", "rate_to"] {
            agree(name, &ours["jeffreys"][name], &theirs[name], compared);
        }
    };
    tests(&ability["portfolio"], &theirs["portfolio"], &mut compared);
    let grades = ability["grades"].as_array().expect("grades");
    for (i, grade) in (1..).zip(grades) {
        let other = &theirs["grades"][i.to_string()];
        assert_eq!(grade["test"].is_null(), other.is_null(), "grade {i}");
        if !other.is_null() {
            tests(&grade["test"], other, &mut compared);
            agree("Holm", &grade["p_holm"], &other["p_holm"], &mut compared);
        }
    }
    assert!(compared > 100, "only {compared} figures were compared");
}
