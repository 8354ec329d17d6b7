//! The program completes with small sizes, and writes to the given document.

use std::process::Command;

const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";

#[test]
fn a_quick_run_compares_every_kind_of_work_and_writes_its_table() {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("benchmarks.md");
    std::fs::write(&document, format!("# Kept\n{BEGIN}\n{END}\nkept\n")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_accunode-bench"))
        .arg("--quick")
        .arg("--document")
        .arg(&document)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");

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
    ] {
        assert!(
            text.contains(&format!("\n| {figure} |")),
            "{figure}: {text}"
        );
    }
}

#[test]
fn a_document_without_markers_is_refused_before_anything_is_started() {
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
