//! `docs/database.md` against the database: every name of the specification is in its map
//! once, and the map is correct. Its `sql run` blocks are executed.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;

use crate::support::{Scratch, connect, run};

const DOCUMENT: &str = include_str!("../../../docs/database.md");
const SPECIFICATION: &str = include_str!("specification.tsv");

/// Kind and name.
type Name = (String, String);

#[tokio::test]
async fn map_of_specification_names_is_complete_and_correct() {
    let scratch = Scratch::migrated().await;
    let ours: BTreeMap<Name, String> =
        sqlx::query_as::<_, (String, String, String)>(include_str!("catalog.sql"))
            .fetch_all(&scratch.pool)
            .await
            .unwrap()
            .into_iter()
            .map(|(kind, name, definition)| ((kind, name), definition))
            .collect();
    let specified: BTreeMap<Name, &str> = SPECIFICATION
        .lines()
        .map(|line| {
            let fields: Vec<_> = line.splitn(3, '\t').collect();
            ((fields[0].to_owned(), fields[1].to_owned()), fields[2])
        })
        .collect();
    assert_eq!(specified.len(), 250);
    let mut faults = Vec::new();
    let map = read_map(&mut faults);

    for (name, wanted) in &specified {
        let Some(fate) = map.get(name) else {
            faults.push(format!("{name:?} is missing from the map"));
            continue;
        };
        let found = ours.get(name).map(String::as_str);
        match (fate.as_str(), found) {
            ("kept", Some(is)) if is == *wanted => {}
            ("changed", Some(is)) if is != *wanted => {}
            ("replaced" | "dropped", None) => {}
            _ => faults.push(format!(
                "{name:?} is said to be {fate}, but specified is {wanted:?} and there is {found:?}"
            )),
        }
    }
    faults.extend(
        map.keys()
            .filter(|name| !specified.contains_key(*name))
            .map(|name| format!("{name:?} is no name of the specification")),
    );
    for (name, replacement) in replacements() {
        if !ours
            .keys()
            .any(|(_, n)| *n == replacement || n.ends_with(&format!(".{replacement}")))
        {
            faults.push(format!(
                "{name} is said to be replaced by {replacement}, which is not there"
            ));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    scratch.end().await;
}

/// The map's rows: kind, names, fate, replacement.
fn rows() -> impl Iterator<Item = [&'static str; 4]> {
    let (_, section) = DOCUMENT
        .split_once("\n## The specification's names\n")
        .expect("the section of the map");
    let section = section.split_once("\n## ").map_or(section, |(own, _)| own);
    section
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            <[&str; 4]>::try_from(cells).unwrap_or_else(|cells| panic!("four cells, not {cells:?}"))
        })
}

fn quoted(cell: &'static str) -> impl Iterator<Item = &'static str> {
    cell.split('`').skip(1).step_by(2)
}

fn read_map(faults: &mut Vec<String>) -> BTreeMap<Name, String> {
    let mut map = BTreeMap::new();
    for [kind, names, fate, _] in rows() {
        for name in quoted(names) {
            let name = match kind.split_once(" of ") {
                Some((kind, table)) => (kind.to_owned(), format!("{table}.{name}")),
                None => (kind.to_owned(), name.to_owned()),
            };
            if map.insert(name.clone(), fate.to_owned()).is_some() {
                faults.push(format!("{name:?} stands in the map twice"));
            }
        }
    }
    map
}

/// Returns the replacements of replaced names.
fn replacements() -> impl Iterator<Item = (&'static str, String)> {
    rows()
        .filter(|[_, _, fate, _]| *fate == "replaced")
        .flat_map(|[_, names, _, by]| {
            let mut by = quoted(by).peekable();
            assert!(by.peek().is_some(), "{names} is replaced by nothing");
            by.map(move |by| (names, by.to_owned()))
        })
}

#[tokio::test]
async fn every_table_is_in_the_database_document() {
    let scratch = Scratch::migrated().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
            AND relnamespace = 'public'::regnamespace ORDER BY 1",
    )
    .fetch_all(&scratch.pool)
    .await
    .unwrap();
    let missing: Vec<_> = tables
        .iter()
        .filter(|table| !table.ends_with("_delta") && !DOCUMENT.contains(&format!("`{table}`")))
        .collect();
    assert!(tables.len() > 20 && missing.is_empty(), "{missing:?}");
    scratch.end().await;
}

#[tokio::test]
async fn documented_maintenance_and_monitoring_statements_run() {
    let scratch = Scratch::migrated().await;
    let mut connection = connect(&scratch.url).await;
    run(&mut connection, include_str!("some_rows.sql")).await;
    let blocks: Vec<_> = DOCUMENT
        .split("```sql run\n")
        .skip(1)
        .map(|rest| rest.split_once("```").unwrap().0)
        .collect();
    assert!(blocks.len() >= 5, "{} blocks", blocks.len());
    // one by one: REINDEX CONCURRENTLY and VACUUM refuse to run beside others
    for statement in blocks
        .iter()
        .flat_map(|block| block.split(";\n"))
        .filter(|s| !s.trim().is_empty())
    {
        if let Err(error) = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
            .execute(&mut connection)
            .await
        {
            panic!("{error}\n{statement}");
        }
    }
    scratch.end().await;
}
