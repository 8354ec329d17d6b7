//! A file gets the same results from `accunode score` as from an upload.

use std::{collections::BTreeMap, fs, process::Command};

use accunode_tests::{Service, real_data};
use serde_json::Value;

use crate::support::{HEADER, all_rows, text};

const QUARTERLY: &str = "company_symbol,company_name,sector,reporting_year,reporting_quarter,\
current_ratio,quick_ratio,debt_to_equity,inventory_turnover,receivables_turnover,working_capital_to_total_assets";

/// Valid rows, rows at and beyond every bound, gaps, placeholders, rows that fail.
fn sample(kind: &str) -> String {
    let (header, ratios) = match kind {
        "annual" => (HEADER, 5),
        _ => (QUARTERLY, 6),
    };
    let values = [
        "0.25",
        "1.6",
        "-0.3",
        "99",
        "",
        "NA",
        "1e8",
        "0.0001",
        "7.3e-3",
        "-2",
        "0.3333333333333333",
    ];
    let mut lines = vec![header.to_owned()];
    for n in 0..150 {
        let quarter = if kind == "annual" { "" } else { "Q2," };
        let cells: Vec<&str> = (0..ratios)
            .map(|at| values[(n * (at + 3) + at * at + n / 11) % values.len()])
            .collect();
        let sector = ["Industrials", "Banks", ""][n % 3];
        lines.push(format!(
            "S{n},Company {n},{sector},2024,{quarter}{}",
            cells.join(",")
        ));
    }
    lines.join("\n") + "\n"
}

/// Returns the program's results for a file, by symbol: PD, level, confidence, flags.
fn offline(name: &str, bytes: &[u8], kind: &str, unit: &str) -> BTreeMap<String, [String; 4]> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_accunode-tested"))
        .arg("score")
        .arg(&path)
        .args([
            "--kind",
            kind,
            "--ratio-unit",
            unit,
            "--confirm-units",
            "--no-reasons",
        ])
        .env_clear()
        .env("HOME", folder.path())
        .output()
        .expect("it runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut scores = BTreeMap::new();
    for row in csv::Reader::from_reader(&*output.stdout).deserialize() {
        let row: BTreeMap<String, String> = row.expect("a row");
        if row["error"].is_empty() {
            let key = format!("{} {}", row["company_symbol"], row["period"]);
            let values = [
                number(&row["pd"]),
                row["risk_level"].clone(),
                number(&row["confidence"]),
                row["flags"].clone(),
            ];
            // As in an upload that skips existing predictions, the first one stays.
            scores.entry(key).or_insert(values);
        }
    }
    scores
}

/// Returns a number as JSON's reader parses it: both sides write the shortest text that
/// identifies the number, so equal texts are equal bits.
fn number(text: &str) -> String {
    let number: f64 = serde_json::from_str(text).expect("a number");
    number.to_string()
}

/// Returns the same for predictions.
fn stored(rows: &[Value]) -> BTreeMap<String, [String; 4]> {
    let key = |row: &Value| {
        let quarter = row["reporting_quarter"].as_str();
        let year = text(row, "reporting_year");
        let period = quarter.map_or(year.to_owned(), |quarter| format!("{year} {quarter}"));
        format!("{} {period}", text(row, "company_symbol"))
    };
    rows.iter()
        .map(|row| {
            let flags = row["flags"].as_array().expect("flags").iter();
            let flags: Vec<_> = flags.filter_map(Value::as_str).collect();
            let values = [
                number(&row["pd"].to_string()),
                text(row, "risk_level").to_owned(),
                number(&row["confidence"].to_string()),
                flags.join("; "),
            ];
            (key(row), values)
        })
        .collect()
}

async fn compare(kind: &str, name: &str, bytes: Vec<u8>, unit: &str) -> usize {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let fields = [
        ("job_type", kind),
        ("ratio_unit", unit),
        ("on_conflict", "skip"),
        // Its values have all magnitudes, which a file in one unit does not have.
        ("confirm_units", "true"),
    ];
    let job = ana.upload((name, bytes.clone()), &fields).await.expect(202);
    let done = service.finished(&ana, text(&job, "id")).await;
    assert_eq!(text(&done, "status"), "completed", "{done}");
    let stored = stored(&all_rows(&ana, &format!("/predictions/{kind}"), 100).await);
    let offline = offline(name, &bytes, kind, unit);
    assert_eq!(offline.len(), stored.len());
    for (key, values) in &offline {
        assert_eq!(Some(values), stored.get(key), "{key}");
    }
    offline.len()
}

#[tokio::test]
async fn upload_and_offline_scoring_give_equal_bits() {
    for kind in ["annual", "quarterly"] {
        let scored = compare(kind, "rows.csv", sample(kind).into_bytes(), "fraction").await;
        assert!(scored > 100, "{kind}: {scored}");
    }
}

#[tokio::test]
async fn upload_and_offline_scoring_agree_on_real_files() {
    for (name, kind, unit) in [
        ("sp500_annual_1.xlsx", "annual", "percent"),
        ("quarterly_statements.csv", "quarterly", "fraction"),
    ] {
        let Some(path) = real_data(name) else {
            println!("skipped: {name} is not on this machine");
            continue;
        };
        let bytes = fs::read(path).expect("readable");
        let scored = compare(kind, name, bytes, unit).await;
        assert!(scored > 2_000, "{name}: {scored}");
    }
}
