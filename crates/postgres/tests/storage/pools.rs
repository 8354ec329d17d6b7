//! Connections that are idle while the server ends them.

use accunode_domain::id::OrganizationId;
use accunode_ports::repositories::Repositories;
use accunode_postgres::PoolKind;

use crate::fixture::{Fixture, id};

#[tokio::test]
async fn at_most_one_request_fails_when_the_server_ends_idle_connections() {
    let fixture = Fixture::create().await;
    let pool = fixture.store.pool_of(PoolKind::Reads);
    let mut held = Vec::new();
    for _ in 0..pool.options().get_max_connections() {
        held.push(pool.acquire().await.unwrap());
    }
    let open = held.len();
    assert!(open >= 3, "{open} connections");
    drop(held);
    let ended: i64 = sqlx::query_scalar(
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity \
          WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .fetch_one(&fixture.superuser)
    .await
    .unwrap();
    assert!(usize::try_from(ended).unwrap() >= open, "{ended} ended");
    let mut failures = 0;
    for _ in 0..2 * open {
        let found = fixture
            .store
            .organizations()
            .find(OrganizationId(id("A")))
            .await;
        failures += usize::from(found.is_err());
    }
    assert!(failures <= 1, "{failures} requests failed");
}
