//! Reads that may be late go to a streaming replica; a caller's own changes are in all of theirs.

use std::{sync::Arc, time::Duration};

use accunode_ports::{recent_writes::MOST_BEHIND, repositories::Store as _};
use accunode_postgres::{PgStore, PoolSettings, ReplicaFault};
use accunode_tests::{Database, Postgres, Service, ServiceOptions, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{prediction, run, text, with};

/// Two processes on one database with a replica. `m1` and `m2` are members of one organization.
struct Pair {
    nodes: [Service; 2],
    tenancy: Tenancy,
    replica: Postgres,
    /// A superuser's connection to the replica.
    replaying: PgPool,
    /// The primary; dropped last.
    _primary: Postgres,
}

impl Pair {
    async fn start() -> Self {
        let primary = Postgres::start().expect("a primary");
        let replica = primary.replica().expect("a replica");
        let database = Arc::new(Database::create_on(&primary.url()).await);
        let url = database.url_on(&replica);
        let options = ServiceOptions::default()
            .with("read_database_url", &url)
            .with_redis();
        // It must have the schema before it is compared.
        let replaying = eventually(async || PgPool::connect(&url).await.ok()).await;
        let one = Service::on(database, options.clone()).await;
        let other = one.beside(options).await;
        let tenancy = Tenancy::of(&one).await;
        let pair = Self {
            nodes: [one, other],
            tenancy,
            replica,
            replaying,
            _primary: primary,
        };
        pair.wait_until_used(true).await;
        pair
    }

    /// A user of one of the processes.
    fn user(&self, name: &str, node: usize) -> TestUser {
        let user = self.tenancy.user(name);
        user.at(&self.nodes[node].anonymous())
    }

    fn is_used(&self) -> bool {
        let state = |node: &Service| node.wired().store.replica();
        self.nodes
            .iter()
            .all(|node| state(node).is_some_and(|state| state.is_used))
    }

    async fn wait_until_used(&self, used: bool) {
        let all = || {
            let state = |node: &Service| node.wired().store.replica();
            let mut states = self.nodes.iter().filter_map(state);
            states.all(|state| state.is_used == used)
        };
        eventually(async || all().then_some(())).await;
    }

    async fn pause(&self) {
        run(&self.replaying, "SELECT pg_wal_replay_pause()").await;
        eventually(async || {
            let state: String = sqlx::query_scalar("SELECT pg_get_wal_replay_pause_state()")
                .fetch_one(&self.replaying)
                .await
                .expect("the replica");
            (state == "paused").then_some(())
        })
        .await;
    }

    async fn resume(&self) {
        run(&self.replaying, "SELECT pg_wal_replay_resume()").await;
        self.wait_until_used(true).await;
    }
}

async fn eventually<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(60), wait).await;
    found.expect("it never came to that")
}

/// A prediction that the members of its creator's organization see.
fn shared(symbol: &str) -> Value {
    let level = json!({ "access_level": "organization" });
    with(prediction(symbol, "2024"), level)
}

const LIST: &str = "/companies?limit=1000";

async fn symbols(user: &TestUser, path: &str) -> Vec<String> {
    let page = user.get(path).await.expect(200);
    let items = page["data"].as_array().expect("a list");
    items
        .iter()
        .map(|company| text(company, "symbol").to_owned())
        .collect()
}

/// A change of `m1` while the replica stands still, and a read of `m2` that was certainly answered
/// by the replica, where the machine is fast enough.
#[tokio::test]
async fn caller_sees_their_own_changes_while_others_read_from_a_replica_behind() {
    let pair = Pair::start().await;
    let (m1, m1_elsewhere) = (pair.user("m1", 0), pair.user("m1", 1));
    let m2 = pair.user("m2", 1);
    let mut late = false;
    for attempt in 0..5 {
        pair.pause().await;
        let symbol = format!("NEW{attempt}");
        let body = shared(&symbol);
        let made = m1.post("/predictions/annual", &body).await.expect(201);
        assert!(symbols(&m1_elsewhere, LIST).await.contains(&symbol));
        let one = format!("/predictions/annual/{}", text(&made, "id"));
        let _ = m1_elsewhere.get(&one).await.expect(200);
        let company = format!("/companies/{}", text(&made, "company_id"));
        let named = json!({ "name": "Changed a moment ago" });
        let _ = m1.patch(&company, &named).await.expect(200);
        let now = m1_elsewhere.get(&company).await.expect(200);
        assert_eq!(now["name"], named["name"]);
        let theirs = symbols(&m2, LIST).await;
        // Only if it was used until now, the read certainly went there.
        late = pair.is_used() && !theirs.contains(&symbol);
        // Not late: what a reader follows by the time of the change, and figures that are kept.
        let followed = symbols(&m2, "/companies?limit=1000&sort=updated_at").await;
        assert!(followed.contains(&symbol));
        let figures = m2.get("/dashboard").await.expect(200);
        let total = figures["annual"]["total_predictions"].as_u64();
        assert_eq!(total, Some(attempt + 1), "{figures}");
        pair.resume().await;
        if late {
            break;
        }
    }
    assert!(late, "no read went to the replica");
    // m1's changes are older than the window by now or soon, and are on the replica.
    eventually(async || {
        let list = symbols(&m2, LIST).await;
        list.contains(&"NEW0".to_owned()).then_some(())
    })
    .await;
    let figures = pair.nodes[1].wired().store.connections();
    let reads = figures.iter().find(|pool| pool.pool == "replica_reads");
    assert!(reads.expect("its pool").open > 0, "{figures:?}");
}

#[tokio::test]
async fn replica_that_stands_still_or_ends_is_not_used() {
    let pair = Pair::start().await;
    let (m1, m2) = (pair.user("m1", 0), pair.user("m2", 1));
    pair.pause().await;
    let body = shared("LATE");
    let _ = m1.post("/predictions/annual", &body).await.expect(201);
    let paused = std::time::Instant::now();
    pair.wait_until_used(false).await;
    assert!(paused.elapsed() < MOST_BEHIND + Duration::from_secs(5));
    assert!(symbols(&m2, LIST).await.contains(&"LATE".to_owned()));
    pair.resume().await;

    let Pair { replica, .. } = pair;
    drop(replica);
    for _ in 0..40 {
        assert!(symbols(&m2, LIST).await.contains(&"LATE".to_owned()));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let node = &pair.nodes[1];
    eventually(async || {
        let state = node.wired().store.replica().expect("configured");
        (!state.is_used).then_some(())
    })
    .await;
    assert!(symbols(&m2, LIST).await.contains(&"LATE".to_owned()));
}

#[tokio::test]
async fn server_that_is_no_replica_of_the_database_is_refused() {
    let primary = Postgres::start().expect("a server");
    let database = Database::create_on(&primary.url()).await;
    let check = async |url: &str| {
        let settings = PoolSettings {
            set_role: Some("accunode_server".to_owned()),
            ..PoolSettings::default()
        };
        let store = PgStore::connect_with_replica(database.url(), Some(url), settings).await;
        let store = store.expect("a store");
        let checked = store.check_replica().await;
        assert!(!store.replica().expect("configured").is_used);
        checked.expect_err("no replica")
    };
    let itself = check(database.url()).await;
    assert!(matches!(itself, ReplicaFault::NotInRecovery), "{itself:?}");
    assert!(itself.is_final());
    let another = Postgres::start().expect("another server");
    let elsewhere = Database::create_on(&another.url()).await;
    let other = check(elsewhere.url()).await;
    assert!(matches!(other, ReplicaFault::OtherData { .. }), "{other:?}");
    assert!(other.is_final());
    let away = check("postgres://accunode_server@127.0.0.1:9/none").await;
    assert!(matches!(away, ReplicaFault::Unreachable(_)), "{away:?}");
    assert!(!away.is_final(), "it may come back");
}
