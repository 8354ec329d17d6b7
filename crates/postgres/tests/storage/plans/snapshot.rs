//! The indexes by which every list reads, compared with a file: an index that is lost, or a plan
//! that begins to read a whole table, shows as a difference.

use std::{collections::BTreeSet, fmt::Write as _, path::Path};

use accunode_domain::{
    id::PredictionId,
    page::{Limit, Sort},
    prediction::Kind,
};
use accunode_ports::repositories::{PredictionFilter, Repositories};
use accunode_postgres::{PgStore, PoolKind, PoolSettings, PoolSizes};
use serde_json::Value;

use super::{LISTS, Plans, explaining, seed};
use crate::{fixture::Fixture, support::settings};

const FILE: &str = "tests/storage/plans/snapshot.txt";

/// A user with all rows, one without any, and one who reads all organizations.
const USERS: [&str; 3] = ["u0", "mB", "sa"];

/// Collects how a table is read, and by which index.
fn reads(plan: &Value, found: &mut BTreeSet<String>) {
    let text = |key: &str| plan[key].as_str().unwrap_or_default();
    match (text("Index Name"), text("Relation Name")) {
        ("", "") => {}
        ("", table) if text("Node Type").starts_with("Bitmap") => {
            found.insert(format!("{table} by bitmap"));
        }
        ("", table) => {
            found.insert(format!("{table} from end to end"));
        }
        (index, _) => {
            found.insert(index.to_owned());
        }
    }
    for part in plan["Plans"].as_array().into_iter().flatten() {
        reads(part, found);
    }
}

#[tokio::test]
async fn every_list_reads_by_the_indexes_of_the_snapshot() {
    let fixture = Fixture::create().await;
    seed::one_dominant_owner(&fixture).await;
    let plans = Plans::listen();
    let store = explaining(&fixture, "force_generic_plan").await;
    let mut lines = String::new();
    for list in LISTS {
        for name in USERS {
            let actor = fixture.actor(name).await;
            plans.take();
            list.read(&store, &actor).await;
            let mut found = BTreeSet::new();
            for reported in plans.take() {
                reads(&reported.plan, &mut found);
            }
            let found: Vec<_> = found.into_iter().collect();
            let _ = writeln!(lines, "{} | {name} | {}", list.name, found.join(", "));
        }
    }
    store.close().await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("ACCUNODE_UPDATE").is_some() {
        std::fs::write(&file, &lines).unwrap();
    }
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    let (stored, lines): (BTreeSet<_>, BTreeSet<_>) =
        (stored.lines().collect(), lines.lines().collect());
    let lost: Vec<_> = stored.difference(&lines).collect();
    let new: Vec<_> = lines.difference(&stored).collect();
    assert!(
        lost.is_empty() && new.is_empty(),
        "the plans are not those of {FILE}; run this test with ACCUNODE_UPDATE=1 and look at the \
         difference\nbefore: {lost:#?}\nnow: {new:#?}"
    );
}

/// Returns what PostgreSQL has planned on the only connection of the reads: by statement, how
/// often it used the kept plan, and how often it planned again.
async fn planned(store: &PgStore) -> Vec<(String, i64, i64)> {
    sqlx::query_as(
        "SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements \
          WHERE statement LIKE 'WITH%' ORDER BY 1",
    )
    .fetch_all(store.pool_of(PoolKind::Reads))
    .await
    .unwrap()
}

/// Planning takes longer than reading a page: after the fifth call on a connection a hot read
/// uses the kept plan, whatever the number of owners.
#[tokio::test]
async fn hot_reads_are_planned_at_most_five_times() {
    const CALLS: i64 = 25;
    let fixture = Fixture::create().await;
    seed::one_dominant_owner(&fixture).await;
    let one = PoolSettings {
        sizes: PoolSizes {
            reads: 1,
            ..PoolSizes::of_total(4)
        },
        ..settings()
    };
    for name in USERS {
        let actor = fixture.actor(name).await;
        let store = PgStore::connect(fixture.database.url(), one.clone())
            .await
            .unwrap();
        let (scope, filter) = (actor.scope(), PredictionFilter::default());
        let mut after = None;
        for _ in 0..CALLS {
            let predictions = store.predictions();
            let (first, second) = (Sort::CreatedAt, Limit::default());
            let page = predictions.list(&scope, Kind::Annual, &filter, first, second, None);
            let page = page.await.unwrap();
            after = page.next.or(after);
            if after.is_some() {
                let next =
                    predictions.list(&scope, Kind::Annual, &filter, first, second, after.clone());
                next.await.unwrap();
            }
            let riskiest = (Sort::Pd, Limit::default());
            predictions
                .list(&scope, Kind::Annual, &filter, riskiest.0, riskiest.1, None)
                .await
                .unwrap();
            let one = predictions.find(&scope, Kind::Annual, PredictionId(seed::REVISED));
            one.await.unwrap();
        }
        let planned = planned(&store).await;
        assert!(planned.len() >= 3, "{name}: {planned:#?}");
        for (statement, kept, anew) in planned {
            assert!(
                kept >= CALLS - 5 && anew <= 5,
                "{name}: planned {anew} times, kept {kept} times: {statement}"
            );
        }
        store.close().await;
    }
}
