//! Changes that are overtaken by another change: without `If-Match`, they are carried out all
//! the same and never answered with 412.

use accunode_tests::{Answer, Service, TestUser, tenancy::Tenancy};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, pool::PoolConnection};

use crate::support::{prediction, text, wait_until_blocked};

/// Makes a change without committing it: a request that changes the same row has read the
/// version before it, and waits.
async fn uncommitted(pool: &PgPool, change: &str) -> PoolConnection<Postgres> {
    let mut connection = pool.acquire().await.expect("a connection");
    run(&mut connection, "BEGIN").await;
    run(&mut connection, change).await;
    connection
}

async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::query(AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await
        .expect("carried out");
}

/// Sends a request while another change of the row is in progress, which is then committed
/// first.
async fn overtake(
    service: &Service,
    change: &str,
    request: impl Future<Output = Answer>,
) -> Answer {
    let pool = service.database.superuser().await;
    let mut other = uncommitted(&pool, change).await;
    let first = async {
        wait_until_blocked(&pool, &mut other, 1).await;
        run(&mut other, "COMMIT").await;
    };
    let (answer, ()) = tokio::join!(request, first);
    drop(other);
    pool.close().await;
    answer
}

async fn company(user: &TestUser, symbol: &str) -> String {
    let made = user
        .post("/companies", &json!({ "symbol": symbol }))
        .await
        .expect(201);
    text(&made, "id").to_owned()
}

#[tokio::test]
async fn removal_without_if_match_never_answers_412() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let sa = tenancy.user("sa");
    let id = company(sa, "ACME").await;
    let change = format!("UPDATE companies SET sector = 'Energy' WHERE id = '{id}'");
    let answer = overtake(&service, &change, sa.delete(&format!("/companies/{id}"))).await;
    assert_eq!(answer.status.as_u16(), 204, "{}", answer.text);

    let made = sa
        .post("/predictions/annual", &prediction("BETA", "2024"))
        .await
        .expect(201);
    let id = text(&made, "id");
    let change = format!("UPDATE annual_predictions SET flags = '{{}}' WHERE id = '{id}'");
    let path = format!("/predictions/annual/{id}");
    let answer = overtake(&service, &change, sa.delete(&path)).await;
    assert_eq!(answer.status.as_u16(), 204, "{}", answer.text);

    let id = tenancy.organization("Z");
    let change = format!("UPDATE organizations SET industry = 'Energy' WHERE id = '{id}'");
    let path = format!("/organizations/{id}?force=true");
    let answer = overtake(&service, &change, sa.delete(&path)).await;
    assert_eq!(answer.status.as_u16(), 204, "{}", answer.text);
}

#[tokio::test]
async fn removal_of_a_concurrently_deleted_row_is_not_found() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let id = company(&ana, "ACME").await;
    let change = format!("DELETE FROM companies WHERE id = '{id}'");
    let answer = overtake(&service, &change, ana.delete(&format!("/companies/{id}"))).await;
    assert_eq!(answer.problem(404), "not_found");
}

#[tokio::test]
async fn concurrent_changes_merge_unless_a_version_was_named() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let id = company(&ana, "ACME").await;
    let path = format!("/companies/{id}");
    let change = format!("UPDATE companies SET sector = 'Energy' WHERE id = '{id}'");
    let body = json!({ "industry": "Oil" });
    let answer = overtake(&service, &change, ana.patch(&path, &body)).await;
    let changed = answer.expect(200);
    // Neither change is lost.
    assert_eq!(
        (text(&changed, "sector"), text(&changed, "industry")),
        ("Energy", "Oil")
    );

    let read = ana.get(&path).await;
    let with_version = ana.with("if-match", read.header("etag"));
    let change = format!("UPDATE companies SET sector = 'Steel' WHERE id = '{id}'");
    let answer = overtake(&service, &change, with_version.delete(&path)).await;
    assert_eq!(answer.problem(412), "stale");
}

#[tokio::test]
async fn idempotency_key_in_flight_answers_retry_after() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let hold = format!(
        "SELECT pg_advisory_xact_lock(hashtextextended('{}:k', 1))",
        ana.id
    );
    let other = uncommitted(&pool, &hold).await;
    let again = ana.with("idempotency-key", "k");
    let answer = again.post("/companies", &json!({ "symbol": "ACME" })).await;
    assert_eq!(answer.problem(409), "idempotency_in_flight");
    assert_eq!(answer.header("retry-after"), "1");
    drop(other);
    pool.close().await;
}
