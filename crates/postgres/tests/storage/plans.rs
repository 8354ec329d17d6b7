//! How PostgreSQL executes every list: with one owner who has nearly every row, for owners
//! who have none, for a super_admin, and with 200 owners; with custom and with generic
//! plans. The rows that a page reads are limited by its size, never by the size of the
//! table.
//!
//! The statements are those that the repositories send. `auto_explain` reports their plans
//! as warnings, which the tests capture.

mod capture;
mod lists;
mod seed;
mod snapshot;

use std::{collections::BTreeSet, path::Path};

use accunode_domain::access::Actor;
use accunode_postgres::PgStore;
use serde_json::Value;
use sqlx::AssertSqlSafe;

use crate::{
    fixture::{Fixture, id},
    support::settings,
};
use capture::{Plan, Plans};
use lists::{EXEMPT, LISTS, List};

/// Rows of a page, and the additional one that shows whether there is a next page.
const PAGE: u64 = 21;

/// Tables that are large in the seeds, and must not be read in full.
const LARGE: [&str; 17] = [
    "companies",
    "annual_predictions",
    "quarterly_predictions",
    "annual_prediction_revisions",
    "quarterly_prediction_revisions",
    "outcomes",
    "validation_reports",
    "monitoring_snapshots",
    "rating_scales",
    "default_definitions",
    "bulk_upload_jobs",
    "bulk_upload_rows",
    "users",
    "user_totp",
    "api_keys",
    "invitations",
    "allowed_emails",
];

fn is_large(table: &str) -> bool {
    LARGE.contains(&table) || table.starts_with("audit_logs")
}

/// Collects what is wrong with a plan, as lines.
fn faults(plan: &Value, bound: u64, faults: &mut Vec<String>) {
    let number = |key: &str| plan[key].as_f64().unwrap_or_default();
    let loops = number("Actual Loops");
    let kind = plan["Node Type"].as_str().unwrap_or_default();
    if let Some(table) = plan["Relation Name"].as_str()
        && is_large(table)
        && loops > 0.0
    {
        let each = number("Actual Rows")
            + number("Rows Removed by Filter")
            + number("Rows Removed by Index Recheck");
        let read = (each * loops) as u64;
        let index = plan["Index Name"].as_str().unwrap_or("none");
        if kind == "Seq Scan" && read > 0 {
            faults.push(format!("{table} is read from end to end"));
        } else if read > bound {
            faults.push(format!(
                "{read} rows of {table} are read by {index}, {bound} would do"
            ));
        } else if number("Rows Removed by Filter") * loops > bound as f64 {
            faults.push(format!(
                "{index} finds rows of {table} that are none of the caller's"
            ));
        }
    }
    for part in plan["Plans"].as_array().into_iter().flatten() {
        self::faults(part, bound, faults);
    }
}

/// Collects everything that is read, for the message of a failed test.
fn scans(plan: &Value, found: &mut Vec<String>) {
    if let Some(index) = plan["Index Name"].as_str() {
        found.push(format!(
            "{index} [{}]",
            plan["Index Cond"].as_str().unwrap_or("-")
        ));
    }
    for part in plan["Plans"].as_array().into_iter().flatten() {
        scans(part, found);
    }
}

/// Runs every list for these users and returns what is wrong.
async fn check(fixture: &Fixture, users: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    let organizations = fixture.count("SELECT count(*) FROM organizations").await;
    let organizations = u64::try_from(organizations).unwrap();
    for mode in ["force_custom_plan", "force_generic_plan"] {
        let plans = Plans::listen();
        let store = explaining(fixture, mode).await;
        for name in users {
            let actor = fixture.actor(name).await;
            for list in LISTS {
                plans.take();
                list.read(&store, &actor).await;
                let bound = bound(list, &actor, organizations);
                let reported = plans.take();
                assert!(!reported.is_empty(), "{}: no plan was reported", list.name);
                let mut found = Vec::new();
                for Plan { plan, .. } in &reported {
                    faults(plan, bound, &mut found);
                }
                let found: BTreeSet<_> = found.into_iter().collect();
                wrong.extend(
                    found
                        .into_iter()
                        .map(|fault| format!("{} of {name}, {mode}: {fault}", list.name)),
                );
            }
        }
        store.close().await;
    }
    wrong
}

/// Returns how many rows a page may read of one table: a page for each owner that is read,
/// and the rows that are looked up in addition.
fn bound(list: &List, actor: &Actor, organizations: u64) -> u64 {
    let scope = actor.scope();
    let mut owners = scope.owners().len() as u64;
    if scope.every_organization() {
        owners += organizations;
    }
    (list.page * owners.max(1)).max(2 * list.page)
}

/// Returns a store whose statements are planned in this mode and explained.
async fn explaining(fixture: &Fixture, mode: &str) -> PgStore {
    let database: String = sqlx::query_scalar("SELECT current_database()::text")
        .fetch_one(&fixture.superuser)
        .await
        .unwrap();
    for setting in [
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_analyze = on",
        "auto_explain.log_timing = off",
        "auto_explain.log_nested_statements = on",
        "auto_explain.log_format = json",
        "auto_explain.log_level = warning",
        &format!("plan_cache_mode = {mode}"),
    ] {
        sqlx::query(AssertSqlSafe(format!(
            "ALTER DATABASE {database} SET {setting}"
        )))
        .execute(&fixture.superuser)
        .await
        .unwrap();
    }
    PgStore::connect(fixture.database.url(), settings())
        .await
        .unwrap()
}

#[tokio::test]
async fn no_list_scans_the_table_with_one_dominant_owner() {
    let fixture = Fixture::create().await;
    seed::one_dominant_owner(&fixture).await;
    // A user who has everything, two who have nothing, one who administers nearly every
    // member, and one who reads all organizations.
    let wrong = check(&fixture, &["u0", "mB", "tR", "tZ", "sa"]).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn no_list_scans_the_table_with_200_owners() {
    let fixture = Fixture::create().await;
    seed::many_owners(&fixture, 200).await;
    let wrong = check(&fixture, &["u0", "mB", "oA", "tR", "sa"]).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A search looks up keys that contain the owner, so the rows of other owners make no
/// difference.
#[tokio::test]
async fn search_looks_up_keys_of_readable_owners_only() {
    let fixture = Fixture::create().await;
    seed::one_dominant_owner(&fixture).await;
    let plans = Plans::listen();
    let store = explaining(&fixture, "auto").await;
    let search = LISTS
        .iter()
        .find(|list| list.name == "company list by q")
        .unwrap();
    for (name, reads_rows) in [("u0", true), ("mB", false), ("tR", false), ("sa", false)] {
        let actor = fixture.actor(name).await;
        plans.take();
        search.read(&store, &actor).await;
        let reported = plans.take();
        let found = reported
            .iter()
            .find(|plan| plan.query.contains("company_search_keys"));
        let found = found.unwrap_or_else(|| panic!("{name}: the search was not reported"));
        let mut read = Vec::new();
        scans(&found.plan, &mut read);
        assert!(!read.is_empty(), "{name}: {}", found.plan);
        for scan in &read {
            let by_owner = scan.contains("[(owner_key = ")
                || scan.contains("[((owner_key = ")
                || scan.contains("[(company_search_keys(owner_key, (name)::text) && ")
                || scan.starts_with("organizations_pkey");
            assert!(by_owner, "{name}: {scan}");
        }
        let mut rows = Vec::new();
        faults(&found.plan, 0, &mut rows);
        assert_eq!(!rows.is_empty(), reads_rows, "{name}: {rows:?}");
    }
}

/// Returns the text of every file in a folder and its subfolders.
fn sources(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![std::fs::read_to_string(path).unwrap()],
        })
        .collect()
}

/// Every method of the ports that returns rows is among the lists here, or among those that
/// need no plan, with the reason.
#[test]
fn every_list_of_the_ports_has_a_checked_plan() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ports/src/repositories");
    let mut declared = BTreeSet::new();
    for text in sources(&folder) {
        for (_, repository) in text.match_indices("pub trait ").map(|(at, found)| {
            let rest = &text[at + found.len()..];
            let end = rest.find("\n}").unwrap_or(rest.len());
            (at, &rest[..end])
        }) {
            let name = repository.split([':', ' ']).next().unwrap();
            for method in repository.split("async fn ").skip(1) {
                let (head, _) = method.split_once(';').unwrap();
                let (_, answer) = head.split_once("->").unwrap_or((head, ""));
                let method = head.split(['(', '<']).next().unwrap();
                if ["Page<", "Vec<", "Timeline", "OwnRows"]
                    .iter()
                    .any(|rows| answer.contains(rows))
                {
                    declared.insert(format!("{name}::{method}"));
                }
            }
        }
    }
    let mut known: BTreeSet<_> = LISTS.iter().map(|list| list.of.to_owned()).collect();
    known.extend(EXEMPT.iter().map(|(of, _)| (*of).to_owned()));
    assert!(declared.len() > 15, "{declared:?}");
    assert_eq!(declared, known);
}

/// One of the users of the fixture.
fn user_id(name: &str) -> uuid::Uuid {
    id(name)
}
