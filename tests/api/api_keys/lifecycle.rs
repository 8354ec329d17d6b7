//! The life of a key: used, rotated and revoked, and what is recorded of that.

use accunode_tests::{Service, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};

use super::key_of;
use crate::support::{ask, column, eventually, prediction, run, text};

#[tokio::test]
async fn a_key_ends_when_it_is_revoked_or_has_expired() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let (revoked, expired) = (
        key_of(&ana, &["read"], None).await,
        key_of(&ana, &["read"], None).await,
    );
    let _ = revoked.holder.get("/companies").await.expect(200);
    let path = format!("/api-keys/{}", revoked.id);
    let _ = ana.delete(&path).await.expect(204);
    assert_eq!(
        revoked.holder.get("/companies").await.problem(401),
        "invalid_token"
    );
    assert_eq!(ana.delete(&path).await.problem(404), "not_found");
    run(
        &pool,
        &format!(
            "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE id = '{}'",
            expired.id
        ),
    )
    .await;
    assert_eq!(
        expired.holder.get("/companies").await.problem(401),
        "invalid_token"
    );
    let rotated = ana
        .post(&format!("/api-keys/{}/rotate", expired.id), &json!({}))
        .await;
    assert_eq!(rotated.problem(409), "key_expired");
    let listed = ana.get("/api-keys").await.expect(200);
    assert_eq!(column(&listed, "id"), [expired.id]);
}

#[tokio::test]
async fn rotated_secret_is_valid_for_the_requested_overlap() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let first = key_of(&ana, &["read"], None).await;
    let path = format!("/api-keys/{}/rotate", first.id);
    let rotate = async |body: Value| {
        let next = ana.post(&path, &body).await.expect(200);
        (ana.with_token(text(&next, "secret")), next)
    };
    let is_good = async |holder: &TestUser| holder.get("/companies").await.status.as_u16() == 200;

    let (second, rotated) = rotate(json!({})).await;
    assert_eq!(rotated["id"], first.id);
    assert!(rotated["previous_secret_until"].is_string(), "{rotated}");
    assert!(is_good(&first.holder).await && is_good(&second).await);
    let hours: f64 = ask(
        &pool,
        "SELECT (extract(epoch FROM previous_until - now()) / 3600)::float8 FROM api_keys",
    )
    .await;
    assert!((23.9..=24.0).contains(&hours), "{hours}");

    // The secret before the previous one is invalid.
    let (third, _) = rotate(json!({ "overlap_seconds": 600 })).await;
    assert!(!is_good(&first.holder).await);
    assert!(is_good(&second).await && is_good(&third).await);
    run(
        &pool,
        "UPDATE api_keys SET previous_until = now() - interval '1 second'",
    )
    .await;
    assert!(!is_good(&second).await && is_good(&third).await);
    let (fourth, _) = rotate(json!({ "overlap_seconds": 0 })).await;
    assert!(!is_good(&third).await && is_good(&fourth).await);

    let wrong = ana
        .post(&path, &json!({ "overlap_seconds": 604_801 }))
        .await;
    assert_eq!(wrong.problem(422), "out_of_range");
    assert_eq!(wrong.faults(), ["/overlap_seconds out_of_range"]);
    // After a revocation both secrets are invalid.
    let (fifth, _) = rotate(json!({})).await;
    let _ = ana
        .delete(&format!("/api-keys/{}", first.id))
        .await
        .expect(204);
    assert!(!is_good(&fourth).await && !is_good(&fifth).await);
}

#[tokio::test]
async fn actions_of_a_key_are_audited_with_its_name() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let key = key_of(&ana, &["write"], None).await;
    let holder = key.holder.with("x-request-id", "by-key-1");
    let _ = holder
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    let event_count: i64 = ask(
        &pool,
        &format!(
            "SELECT count(*) FROM audit_logs WHERE request_id = 'by-key-1' AND user_id = '{}' \
             AND metadata ->> 'api_key_id' = '{}'",
            ana.id, key.id
        ),
    )
    .await;
    let all: i64 = ask(
        &pool,
        "SELECT count(*) FROM audit_logs WHERE request_id = 'by-key-1'",
    )
    .await;
    assert!(
        event_count >= 1 && event_count == all,
        "{event_count} of {all}"
    );
    let _ = ana
        .post(&format!("/api-keys/{}/rotate", key.id), &json!({}))
        .await
        .expect(200);
    let _ = ana
        .delete(&format!("/api-keys/{}", key.id))
        .await
        .expect(204);
    let events: Value = ask(
        &pool,
        &format!(
            "SELECT jsonb_agg(event_type ORDER BY created_at) FROM audit_logs \
             WHERE entity_id = '{}' AND metadata ->> 'api_key_id' IS NULL",
            key.id
        ),
    )
    .await;
    assert_eq!(
        events,
        json!(["api_key.created", "api_key.rotated", "api_key.revoked"])
    );
}

#[tokio::test]
async fn last_use_of_a_key_is_stored_but_not_on_every_request() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let key = key_of(&ana, &["read"], None).await;
    let used = async || {
        let listed = ana.get("/api-keys").await.expect(200);
        listed["data"][0]["last_used_at"]
            .as_str()
            .map(str::to_owned)
    };
    assert_eq!(used().await, None);
    let _ = key.holder.get("/companies").await.expect(200);
    eventually("the use is noted", async || used().await.is_some()).await;
    let first = used().await;
    for _ in 0..5 {
        let _ = key.holder.get("/companies").await.expect(200);
    }
    assert_eq!(used().await, first);

    // Another transaction has locked the row, and the request does not wait for it.
    run(
        &pool,
        "UPDATE api_keys SET last_used_at = now() - interval '1 hour'",
    )
    .await;
    let mut holder = pool.acquire().await.expect("a connection");
    for sql in ["BEGIN", "SELECT FROM api_keys FOR UPDATE"] {
        let done = sqlx::query(sql).execute(&mut *holder).await;
        assert!(done.is_ok(), "{done:?}");
    }
    let _ = key.holder.get("/companies").await.expect(200);
    let let_go = sqlx::query("ROLLBACK").execute(&mut *holder).await;
    assert!(let_go.is_ok(), "{let_go:?}");
    eventually("the use is noted", async || {
        let _ = key.holder.get("/companies").await.expect(200);
        used().await > first
    })
    .await;
}

#[tokio::test]
async fn keys_of_a_deactivated_user_stay_invalid_after_reactivation() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let key = key_of(tenancy.user("m1"), &["read"], None).await;
    let _ = key.holder.get("/companies").await.expect(200);
    let path = format!("/users/{}", tenancy.user("m1").id);
    for is_active in [false, true] {
        let change = json!({ "is_active": is_active });
        let _ = tenancy.user("oA").patch(&path, &change).await.expect(200);
        assert_eq!(
            key.holder.get("/companies").await.problem(401),
            "invalid_token",
            "active: {is_active}"
        );
    }
}
