//! Two fences protect every row: the query's own filter and the database's policy. Each is
//! tested without the other, so that neither hides a hole of the other; and a failure names
//! the query.

mod queries;

use std::{collections::BTreeSet, path::Path};

use accunode_domain::{
    access::{Actor, AuditScope, Scope},
    owner::Owner,
};
use accunode_postgres::PgStore;
use sqlx::Row;

use crate::fixture::{Fixture, USERS};

use queries::*;

/// The cells of organizations.
fn places(rows: &Rows) -> impl Iterator<Item = &Cell> {
    rows.cells
        .iter()
        .filter(|cell| cell.owner.organization().is_some())
}

/// The expected result of a query if these cells and these events can be read.
fn expected(query: &str, rows: &Rows, readable: impl Fn(&Cell) -> bool) -> BTreeSet<String> {
    let labels: BTreeSet<String> = rows
        .cells
        .iter()
        .filter(|cell| readable(cell))
        // Only organizations are counted one by one.
        .filter(|cell| query != "organization.stats" || cell.owner.organization().is_some())
        .map(|cell| cell.label.clone())
        .collect();
    if query.starts_with("analytics.") || ["job.by_status", "monitoring.counts"].contains(&query) {
        return [labels.len().to_string()].into();
    }
    labels
}

/// Returns whether a query concerns this cell: a user's own rows are those that they created.
fn is_meant(query: &str, scope: &Scope, cell: &Cell) -> bool {
    let own_only = query.starts_with("own_data.");
    // Snapshots of organizations are no one's.
    let has_creator = query != "own_data.rows snapshots" || matches!(cell.owner, Owner::User(_));
    !own_only || (scope.user() == Some(cell.creator) && has_creator)
}

/// Returns whether the events of a cell are within the given events.
fn tells(events: &AuditScope, cell: &Cell) -> bool {
    events.contains(Some(cell.creator), cell.owner.organization())
}

/// Runs every query as every user, with this role of the pool.
async fn holes(fixture: &Fixture, store: &PgStore, rows: &Rows) -> Vec<String> {
    let mut holes = Vec::new();
    for (name, ..) in USERS {
        let actor = fixture.actor(name).await;
        let (scope, events) = (actor.scope(), actor.audit_log(None).unwrap());
        for query in QUERIES {
            let returned = ask(query, &QueryTarget::of_pool(store), rows, &scope, &events).await;
            let wanted = expected(query, rows, |cell| match query.starts_with("audit.") {
                true => tells(&events, cell),
                false => scope.contains(cell.owner) && is_meant(query, &scope, cell),
            });
            let returned = returned.unwrap();
            if returned != wanted {
                holes.push(format!(
                    "{query} as {name}: {returned:?} and not {wanted:?}"
                ));
            }
        }
    }
    holes
}

#[tokio::test]
async fn query_filters_suffice_without_row_level_security() {
    let fixture = Fixture::create().await;
    let rows = fill(&fixture).await;
    let unguarded = fixture.without_policies().await;
    // This shows that nothing is guarded there: all rows are visible without a condition.
    let seen = sqlx::query("SELECT count(*) FROM companies")
        .fetch_one(unguarded.pool())
        .await
        .unwrap();
    assert_eq!(seen.get::<i64, _>(0), 14);
    let holes = holes(&fixture, &unguarded, &rows).await;
    assert!(
        holes.is_empty(),
        "filters with holes:\n{}",
        holes.join("\n")
    );
}

#[tokio::test]
async fn queries_return_the_same_rows_with_row_level_security() {
    let fixture = Fixture::create().await;
    let rows = fill(&fixture).await;
    let holes = holes(&fixture, &fixture.store, &rows).await;
    assert!(holes.is_empty(), "{}", holes.join("\n"));
}

#[tokio::test]
async fn queries_for_rows_of_others_return_none() {
    let fixture = Fixture::create().await;
    let rows = fill(&fixture).await;
    let mut actors: Vec<(&str, Actor)> = Vec::new();
    for (name, ..) in USERS {
        actors.push((name, fixture.actor(name).await));
    }
    let (mut asked, mut holes) = (0, Vec::new());
    for (name, reader) in &actors {
        let unit = fixture.begin(reader).await;
        let may = (reader.scope(), reader.audit_log(None).unwrap());
        for (other, liar) in &actors {
            let (scope, events) = (liar.scope(), liar.audit_log(None).unwrap());
            for query in QUERIES {
                let on = QueryTarget::of_unit(&*unit);
                let Some(returned) = ask(query, &on, &rows, &scope, &events).await else {
                    continue;
                };
                asked += 1;
                let wanted = expected(query, &rows, |cell| match query.starts_with("audit.") {
                    true => tells(&events, cell) && tells(&may.1, cell),
                    false => {
                        scope.contains(cell.owner)
                            && may.0.contains(cell.owner)
                            && is_meant(query, &scope, cell)
                    }
                });
                if returned != wanted {
                    holes.push(format!(
                        "{query} as {name} asking as {other}: {returned:?} and not {wanted:?}"
                    ));
                }
            }
        }
    }
    assert!(asked > 1_000, "{asked}");
    assert!(
        holes.is_empty(),
        "policies with holes:\n{}",
        holes.join("\n")
    );
}

/// Returns every method of the ports that takes a scope of rows or of events, as
/// `repository.method`.
fn methods() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ports/src/repositories");
    let mut methods = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let repository = path.file_stem().unwrap().to_string_lossy().into_owned();
        // A repository is a file, or a folder of several files.
        let text = if path.is_dir() {
            let files = std::fs::read_dir(&path).unwrap();
            files
                .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
                .collect()
        } else {
            std::fs::read_to_string(&path).unwrap()
        };
        for part in text.split("async fn ").skip(1) {
            let (signature, _) = part.split_once(';').unwrap_or((part, ""));
            let name = signature.split(['(', '<']).next().unwrap();
            let scopes = ["scope: &Scope", "events: &AuditScope"];
            if scopes.iter().any(|scope| signature.contains(scope)) && name != "begin" {
                methods.insert(format!("{repository}.{name}"));
            }
        }
    }
    methods
}

#[test]
fn every_query_with_a_scope_is_in_the_isolation_table() {
    let named: BTreeSet<String> = QUERIES
        .iter()
        .chain(&WRITES)
        .chain(&OF_ONE_OWNER)
        .map(|query| query.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(methods(), named);
}
