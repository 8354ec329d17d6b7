//! The cells of the matrix about reading, changing and deleting rows, tested in the
//! database itself: statements without any condition, run as the role that serves.

use std::collections::BTreeSet;

use accunode_domain::{
    access::{Actor, Scope},
    id::UserId,
};
use accunode_ports::repositories::Repositories;
use accunode_tests::tenancy::USERS;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    row_level_security::{act, touched},
    setup::Setup,
    table::{Row, rows},
};

/// A row that was made for a cell, and the statement that the cell describes.
struct CellStatement {
    line: u64,
    what: String,
    statement: String,
    reads: bool,
    row: Uuid,
    cells: Vec<String>,
}

/// Returns the statement of an action on a resource; `None` if the action has no such
/// statement.
fn statement(table: &str, action: &str) -> Option<(String, bool)> {
    Some(match action {
        "read" => (format!("SELECT id FROM {table}"), true),
        "withdraw" => (
            format!("UPDATE {table} SET withdrawn_reason = withdrawn_reason RETURNING id"),
            false,
        ),
        "retire" => (
            format!("UPDATE {table} SET retired_at = retired_at RETURNING id"),
            false,
        ),
        "set" => (
            format!("UPDATE {table} SET note = note RETURNING id"),
            false,
        ),
        "sign_off" => (
            format!("UPDATE {table} SET comment = comment RETURNING id"),
            false,
        ),
        "sample" | "report" | "text" => ("SELECT report_id FROM validation_files".to_owned(), true),
        "rows" => ("SELECT job_id FROM bulk_upload_rows".to_owned(), true),
        "update" | "cancel" | "retry" => (
            format!("UPDATE {table} SET updated_at = updated_at RETURNING id"),
            false,
        ),
        "delete" | "force_delete" => (format!("DELETE FROM {table} RETURNING id"), false),
        _ => return None,
    })
}

/// Makes the rows that a row of the matrix describes.
async fn prepare(setup: &Setup, row: &Row) -> Vec<CellStatement> {
    let mut asked = Vec::new();
    for resource in &row.resources {
        let tables: &[&str] = match resource.as_str() {
            "company" => &["companies"],
            "prediction" => &["annual_predictions", "quarterly_predictions"],
            "bulk_job" | "rescoring" => &["bulk_upload_jobs"],
            "outcome" => &["outcomes"],
            // A user's own rows differ for each user.
            "coverage" if row.detail != "personal" => &["outcome_coverage"],
            "validation" => &["validation_reports"],
            "scale" => &["rating_scales"],
            "definition" => &["default_definitions"],
            _ => continue,
        };
        for (action, table) in row
            .actions
            .iter()
            .flat_map(|action| tables.iter().map(move |table| (action, *table)))
        {
            let Some((statement, reads)) = statement(table, action) else {
                continue;
            };
            let company = Setup::company_under(&row.detail, &row.given);
            let id = match (resource.as_str(), table) {
                ("company", _) if action == "force_delete" => setup.company_with(&row.detail).await,
                ("company", _) => setup.company(&row.detail).await,
                ("outcome", _) => setup.outcome(&row.detail).await,
                ("coverage", _) => setup.coverage(&row.detail).await.to_string(),
                ("validation", _) => setup.validation(&row.detail).await,
                ("scale", _) => setup.scale(&row.detail).await,
                ("definition", _) => setup.definition(&row.detail).await,
                ("rescoring", _) => setup.rescoring(&row.detail).await,
                ("bulk_job", _) => setup.upload(&row.detail).await,
                (_, "annual_predictions") => {
                    setup.prediction("annual", &row.detail, &company).await
                }
                _ => setup.prediction("quarterly", &row.detail, &company).await,
            };
            if action == "rows" {
                setup.end(&id).await;
            }
            asked.push(CellStatement {
                line: row.line,
                what: format!("{resource} {action} {} {}", row.detail, row.given),
                statement,
                reads,
                row: id.parse().expect("an id"),
                cells: row.cells.clone(),
            });
        }
    }
    asked
}

/// Returns the actor of a user at this moment; `None` if the user is refused.
async fn actor(setup: &Setup, who: &str) -> Option<Actor> {
    let id = UserId(setup.users.user(who).id);
    let found = setup.service.wired().store.auth().with_membership(id).await;
    let (user, membership, _) = found.expect("the database").expect("the user");
    Actor::new(&user, membership).ok()
}

/// Tests every cell. Returns their number, and the cells with another answer.
async fn ask(
    setup: &Setup,
    server: &mut PgConnection,
    asked: &[CellStatement],
) -> (usize, Vec<String>) {
    let mut cells = BTreeSet::new();
    let mut wrong = Vec::new();
    for (at, (who, ..)) in USERS.iter().enumerate() {
        let actor = actor(setup, who).await;
        let scope = actor.as_ref().map_or(Scope::none(), Actor::scope);
        for question in asked {
            let cell = question.cells[at].as_str();
            let inactive = actor
                .as_ref()
                .is_some_and(|actor| actor.require_active_organization().is_err());
            // An inactive organization is detected before the database is queried.
            if inactive {
                continue;
            }
            cells.insert((question.line, *who));
            act(server, &scope).await;
            let open = touched(server, &question.statement)
                .await
                .contains(&question.row);
            let expected = cell == "ok";
            if open != expected {
                wrong.push(format!(
                    "line {}: {} as {who}: {cell}, and the row is {}",
                    question.line,
                    question.what,
                    if open { "touched" } else { "not touched" }
                ));
            }
            if cell == "ok*" && question.reads {
                let glass = actor.as_ref().expect("a super_admin");
                let glass = glass.scope_with_break_glass(question.row);
                act(server, &glass.expect("a super_admin")).await;
                let seen = touched(server, &question.statement).await;
                if !seen.contains(&question.row) {
                    wrong.push(format!(
                        "line {}: {} by break-glass: not seen",
                        question.line, question.what
                    ));
                }
            }
        }
    }
    (cells.len(), wrong)
}

#[tokio::test]
async fn unfiltered_statements_answer_every_row_cell_of_the_matrix() {
    let rows = rows();
    let situations: BTreeSet<&str> = rows.iter().map(|row| row.given.as_str()).collect();
    let (mut cells, mut wrong) = (0, Vec::new());
    for given in situations {
        let mut setup = Setup::start().await;
        setup.prepare(given).await;
        let mut asked = Vec::new();
        for row in rows.iter().filter(|row| row.given == given) {
            asked.extend(prepare(&setup, row).await);
        }
        if asked.is_empty() {
            continue;
        }
        setup.apply(given).await;
        let mut server = setup.service.database.server_role().await;
        let (more, faults) = ask(&setup, &mut server, &asked).await;
        cells += more;
        wrong.extend(faults);
    }
    println!(
        "{cells} cells of the matrix asked of the database, {} wrong",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cells >= 150, "rows have gone missing: only {cells} cells");
}
