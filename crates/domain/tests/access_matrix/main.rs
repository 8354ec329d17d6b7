//! The access policy against `docs/access-matrix.csv`, cell by cell; then the cases that
//! are not in the table, and the laws for everyone and every row.
//!
//! To add a case, add a row to the table, and an arm in `requests` if its resource or
//! action is new. `ACCUNODE_UPDATE=1` rewrites the table in the documentation.

#![expect(clippy::unwrap_used, reason = "the helpers belong to the tests alone")]

mod cases;
mod document;
mod fixture;
mod keys;
mod permissions;
mod proofs;
mod properties;
mod requests;
mod table;
mod uses;

use std::collections::BTreeSet;

use fixture::Fixture;
use requests::{KNOWN, Request, answer};
use table::{Row, USERS, rows};

/// Returns the policy's answer to everything that a cell asks, by request.
fn ask(row: &Row, who: &str) -> Vec<(String, Result<String, String>)> {
    let fixture = Fixture::given(&row.given);
    let mut answers = Vec::new();
    for resource in row.resource.split('|') {
        for action in row.action.split('|') {
            let request = Request {
                resource,
                action,
                detail: &row.detail,
            };
            let got = match &fixture {
                Ok(fixture) => answer(fixture, &request, who),
                Err(unknown) => Err(unknown.clone()),
            };
            answers.push((format!("{resource} {action}"), got));
        }
    }
    answers
}

#[test]
fn the_policy_answers_every_cell_of_the_matrix() {
    let rows = rows();
    let mut wrong = Vec::new();
    let (mut cells, mut requests) = (0, 0);
    for row in &rows {
        for (who, expected) in USERS.iter().zip(&row.cells) {
            cells += 1;
            for (what, got) in ask(row, who) {
                requests += 1;
                let got = got.unwrap_or_else(|unknown| format!("no answer ({unknown})"));
                if got != *expected {
                    wrong.push(format!(
                        "line {}: {what} {} {} as {who}: expected {expected}, got {got}",
                        row.line, row.detail, row.given
                    ));
                }
            }
        }
    }
    println!(
        "{cells} cells in {} rows, {requests} requests, {} wrong",
        rows.len(),
        wrong.len()
    );
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(
        cells >= 8 * 69,
        "rows have gone missing: only {cells} cells"
    );
}

#[test]
fn matrix_requests_every_known_action() {
    let rows = rows();
    let asked: BTreeSet<String> = rows
        .iter()
        .flat_map(|row| {
            row.resource.split('|').flat_map(move |resource| {
                row.action
                    .split('|')
                    .map(move |action| format!("{resource} {}", action.split(':').next().unwrap()))
            })
        })
        .collect();
    let known: BTreeSet<String> = KNOWN.iter().map(|key| (*key).to_owned()).collect();
    assert_eq!(asked, known);
}

#[test]
fn unknown_matrix_row_is_an_error() {
    let row = |resource: &str, action: &str, detail: &str, given: &str| Row {
        line: 0,
        resource: resource.into(),
        action: action.into(),
        detail: detail.into(),
        given: given.into(),
        words: String::new(),
        cells: Vec::new(),
    };
    for unknown in [
        row("planet", "read", "personal(m1)", ""),
        row("company", "paint", "personal(m1)", ""),
        row("company", "read", "personal(no one)", ""),
        row("company", "read", "organization(A) or so", ""),
        row("company", "read", "personal(m1)", "full_moon"),
        row("user", "set_role:emperor", "m2", ""),
    ] {
        for (what, got) in ask(&unknown, "m1") {
            assert!(got.is_err(), "{what}: {got:?}");
        }
    }
}

#[test]
fn matrix_has_no_duplicate_requests() {
    let mut seen = BTreeSet::new();
    for row in rows() {
        for resource in row.resource.split('|') {
            for action in row.action.split('|') {
                let key = format!("{resource}/{action}/{}/{}", row.detail, row.given);
                assert!(seen.insert(key.clone()), "line {}: {key} again", row.line);
            }
        }
    }
}
