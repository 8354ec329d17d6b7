//! The program completes with small sizes, and writes to the given document.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";

#[test]
fn quick_run_measures_every_section_and_writes_its_table() {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("benchmarks.md");
    std::fs::write(&document, format!("# Kept\n{BEGIN}\n{END}\nkept\n")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_accunode-bench"))
        .args(["--quick", "--all"])
        .arg("--document")
        .arg(&document)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");

    let text = std::fs::read_to_string(&document).unwrap();
    assert!(
        text.starts_with("# Kept\n") && text.ends_with("\nkept\n"),
        "{text}"
    );
    assert!(text.contains("these figures mean nothing"), "{text}");
    for figure in [
        "scoring, annual",
        "scoring one quarterly row with reasons",
        "list, first page",
        "list, page after 80 % of all",
        "list, riskiest first",
        "one prediction by id",
        "dashboard, headline figures",
        "dashboard, risk by sector",
        "`GET /predictions/annual`",
        "bulk upload, annual",
        "bulk upload, annual: processor time",
        "one owner: list, first page, of the owner of all rows",
        "one owner: list, first page, of someone without rows",
        "one owner: CSV export",
        "p99 of another tenant beside lists",
        "p99 of another tenant beside searches",
        "p99 of another tenant beside exports",
        "p99 of another tenant beside analyses",
        "p99 of another tenant beside scoring",
        "p99 of another tenant beside batches",
        "p99 of another tenant beside uploads",
        "p99 of another tenant beside everything",
        "back-test of one owner's predictions",
        "the same: highest memory",
        "movements by cohorts",
        "movements by durations",
        "bulk upload, outcomes",
    ] {
        assert!(
            text.contains(&format!("\n| {figure} |")),
            "{figure}: {text}"
        );
    }
}

#[test]
fn document_without_markers_is_rejected_before_measuring() {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("benchmarks.md");
    std::fs::write(&document, "# Nothing to replace\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_accunode-bench"))
        .args(["--quick", "--document"])
        .arg(&document)
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("lacks the lines"));
    let text = std::fs::read_to_string(&document).unwrap();
    assert_eq!(text, "# Nothing to replace\n");
}

#[test]
fn interrupted_run_keeps_its_figures_and_those_of_an_earlier_run() {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("benchmarks.md");
    let earlier = "### Bulk upload\n\n- of an earlier run";
    std::fs::write(&document, format!("{BEGIN}\n{earlier}\n{END}\n")).unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_accunode-bench"))
        .args(["--quick", "--only", "scoring,reads,bulk", "--document"])
        .arg(&document)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (start, mut text) = (Instant::now(), String::new());
    while !text.contains("### Scoring") {
        assert!(start.elapsed() < Duration::from_secs(120), "{text}");
        std::thread::sleep(Duration::from_millis(20));
        text = std::fs::read_to_string(&document).unwrap();
    }
    kill(Pid::from_raw(run.id().cast_signed()), Signal::SIGTERM).unwrap();
    assert!(!run.wait().unwrap().success());
    let text = std::fs::read_to_string(&document).unwrap();
    assert!(text.contains("| scoring, annual |"), "{text}");
    assert!(text.contains(earlier), "{text}");
}
