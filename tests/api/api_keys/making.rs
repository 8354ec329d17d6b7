//! Creating keys: what is shown, what is refused, and repeated requests.

use accunode_tests::{Service, TestUser, tenancy::Tenancy};
use serde_json::json;
use uuid::Uuid;

use super::{SCOPES, company, key_of, wanted};
use crate::support::{ask, column, text};

#[tokio::test]
async fn key_secret_is_shown_once_and_stored_as_a_hash() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let answer = ana
        .post("/api-keys", &wanted(&["score", "read", "read"], None))
        .await;
    let made = answer.expect(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    let secret = text(&made, "secret").to_owned();
    assert!(secret.starts_with("ak_") && secret.len() == 67, "{secret}");
    assert_eq!(made["prefix"], secret[..11]);
    assert_eq!(made["scopes"], json!(["read", "score"]));
    assert_eq!(made["owner_id"], ana.id.to_string());
    assert!(made["last_used_at"].is_null() && made["expires_at"].is_null());

    let listed = ana.get("/api-keys").await;
    assert_eq!(column(&listed.expect(200), "prefix"), [&secret[..11]]);
    assert!(!listed.text.contains(&secret) && !listed.text.contains("hash"));
    for table in ["api_keys", "audit_logs", "idempotency_keys"] {
        let all: Option<String> = ask(
            &pool,
            &format!("SELECT string_agg(t::text, E'\\n') FROM {table} t"),
        )
        .await;
        assert!(!all.unwrap_or_default().contains(&secret), "{table}");
    }
    let holder = ana.with_token(&secret);
    assert_eq!(holder.get("/me").await.expect(200)["email"], ana.email);
    let other = if secret.ends_with('0') { '1' } else { '0' };
    assert_eq!(
        ana.with_token(&format!("{}{other}", &secret[..66]))
            .get("/companies")
            .await
            .problem(401),
        "invalid_token"
    );
}

#[tokio::test]
async fn key_with_more_rights_than_its_owner_is_refused() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (a, b) = (users.organization("A"), users.organization("B"));
    let m1 = users.user("m1");
    let ask_for = async |scopes: &[&str], organization| {
        m1.post("/api-keys", &wanted(scopes, organization)).await
    };
    let admin = ask_for(&["admin"], None).await;
    assert_eq!(admin.problem(403), "scope_exceeds_role");
    assert_eq!(
        ask_for(&["read"], Some(b)).await.problem(403),
        "outside_scope"
    );
    let unknown = ask_for(&["read"], Some(Uuid::from_u128(7))).await;
    assert_eq!(unknown.problem(403), "outside_scope");
    let _ = ask_for(&["read"], Some(a)).await.expect(201);
    // A tenant_admin's key for a child can access neither its sibling nor the
    // tenant_admin's own rows.
    let tenant = users.user("tR");
    let own = tenant
        .post(
            "/companies",
            &json!({ "symbol": "OWN", "name": "OWN", "access_level": "personal" }),
        )
        .await
        .expect(201);
    let bound = key_of(tenant, &SCOPES, Some(a)).await.holder;
    let path = format!("/companies/{}", text(&own, "id"));
    let _ = tenant.get(&path).await.expect(200);
    assert_eq!(bound.get(&path).await.problem(404), "not_found");
    let there = bound.get(&format!("/companies?organization_id={b}")).await;
    assert_eq!(there.problem(403), "outside_scope");
    let made = bound.post("/companies", &company("HERE")).await.expect(201);
    assert_eq!(made["organization_id"], a.to_string());
}

#[tokio::test]
async fn repeated_key_creation_makes_one_key_and_hides_the_secret() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let once = ana.with("idempotency-key", "k1");
    let made = once
        .post("/api-keys", &wanted(&["read"], None))
        .await
        .expect(201);
    let again = once.post("/api-keys", &wanted(&["read"], None)).await;
    assert_eq!(again.problem(409), "secret_already_shown");
    assert_eq!(again.json()["existing_id"], made["id"]);
    let other = once.post("/api-keys", &wanted(&["score"], None)).await;
    assert_eq!(other.problem(422), "idempotency_mismatch");
    assert_eq!(
        column(&ana.get("/api-keys").await.expect(200), "id").len(),
        1
    );
}

#[tokio::test]
async fn idempotency_keys_are_separate_for_owner_and_each_api_key() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let first = key_of(&ana, &["write"], None).await.holder;
    let second = key_of(&ana, &["write"], None).await.holder;
    let company = company("ACME");
    let send = async |who: &TestUser| {
        let who = who.with("idempotency-key", "nightly-1");
        who.post("/companies", &company).await
    };
    let made = send(&ana).await.expect(201);
    for other in [&first, &second] {
        let answer = send(other).await;
        assert_eq!(answer.problem(409), "symbol_taken");
        assert!(answer.header("idempotency-replayed").is_empty());
    }
    let again = send(&ana).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.expect(201), made);
}

#[tokio::test]
async fn invalid_key_reports_every_field_and_the_number_is_limited() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let wrong = json!({ "name": " ", "scopes": [], "expires_at": "2020-01-01T00:00:00Z" });
    let answer = ana.post("/api-keys", &wrong).await;
    assert_eq!(answer.problem(422), "validation_failed");
    let mut faults = answer.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/expires_at not_in_future",
            "/name required",
            "/scopes required"
        ]
    );
    let forged = json!({ "name": "x", "scopes": ["root"], "owner_id": ana.id });
    let answer = ana.post("/api-keys", &forged).await;
    let _ = answer.problem(422);
    assert_eq!(answer.faults().len(), 2, "{}", answer.text);
    for _ in 0..25 {
        let _ = key_of(&ana, &["read"], None).await;
    }
    let more = ana.post("/api-keys", &wanted(&["read"], None)).await;
    assert_eq!(more.problem(409), "too_many_keys");
}
