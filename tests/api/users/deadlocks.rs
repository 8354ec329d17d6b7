//! A change that PostgreSQL ends because of a deadlock is repeated.

use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor};

use crate::support::{ask, eventually};

#[tokio::test]
async fn role_change_that_hits_a_deadlock_is_retried() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (root, member) = (users.user("sa"), users.user("m1"));
    // Users are locked in the order of their ids.
    let mut ids = [root.id, member.id];
    ids.sort_unstable();
    let [first, second] = ids;
    let pool = service.database.superuser().await;
    let lock = |id| AssertSqlSafe(format!("SELECT FROM users WHERE id = '{id}' FOR UPDATE"));
    let mut other = pool.acquire().await.expect("a connection");
    // This makes the service's session detect the deadlock, after a second.
    other
        .execute("SET deadlock_timeout = '20s'; BEGIN")
        .await
        .expect("begun");
    other.execute(lock(second)).await.expect("locked");
    let change = {
        let (root, path) = (root.clone(), format!("/users/{}/role", member.id));
        let body = json!({ "role": "user", "reason": "a deadlock" });
        tokio::spawn(async move { root.put(&path, &body).await })
    };
    let waits = "SELECT count(*) FROM pg_stat_activity \
                 WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually("the change waits", async || {
        ask::<i64>(&pool, waits).await == 1
    })
    .await;
    other.execute(lock(first)).await.expect("locked");
    other.execute("COMMIT").await.expect("committed");
    let changed = change.await.expect("an answer").expect(200);
    assert_eq!(changed["role"], "user");
    let event_count: i64 = ask(
        &pool,
        "SELECT count(*) FROM audit_logs WHERE event_type = 'user.role_changed'",
    )
    .await;
    assert_eq!(event_count, 1, "it is done once");
}
