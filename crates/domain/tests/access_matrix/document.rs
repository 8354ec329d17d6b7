//! The table in `docs/access-control.md` is generated from the matrix.

use std::fmt::Write;

use crate::table::{USERS, document, rows};

const BEGIN: &str = "<!-- access-matrix: begin -->\n";
const END: &str = "<!-- access-matrix: end -->\n";

fn rendered() -> String {
    let mut text = format!(
        "| resource: action | {} |\n|---|{}\n",
        USERS.join(" | "),
        "---|".repeat(USERS.len())
    );
    for row in rows() {
        writeln!(text, "| {} | {} |", row.words, row.cells.join(" | ")).unwrap();
    }
    text
}

#[test]
fn access_control_document_shows_the_matrix() {
    let path = document("access-control.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the marker of its begin");
    let (shown, after) = rest.split_once(END).expect("the marker of its end");
    let rendered = rendered();
    if std::env::var_os("ACCUNODE_UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, format!("{before}{BEGIN}{rendered}{END}{after}")).unwrap();
    } else {
        assert!(
            shown == rendered,
            "docs/access-control.md is not what docs/access-matrix.csv says; \
             run this test with ACCUNODE_UPDATE=1"
        );
    }
}
