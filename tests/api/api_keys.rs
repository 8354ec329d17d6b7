//! `/api-keys`, and what a key is worth.

use accunode_tests::{Answer, Person, Service, ServiceOptions, tenancy::Tenancy};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{ask, column, eventually, file_of, prediction, ratios, run, text};

const SCOPES: [&str; 6] = ["read", "score", "write", "upload", "audit", "admin"];

/// A key that was made: its id, and its secret shown by somebody.
struct Key {
    id: String,
    holder: Person,
}

fn wanted(scopes: &[&str], organization: Option<Uuid>) -> Value {
    json!({ "name": "nightly", "scopes": scopes, "organization_id": organization })
}

async fn key_of(owner: &Person, scopes: &[&str], organization: Option<Uuid>) -> Key {
    let made = owner
        .post("/api-keys", &wanted(scopes, organization))
        .await
        .expect(201);
    Key {
        id: text(&made, "id").to_owned(),
        holder: owner.with_token(text(&made, "secret")),
    }
}

fn company(symbol: &str) -> Value {
    json!({ "symbol": symbol, "name": symbol, "sector": "Industrials" })
}

#[tokio::test]
async fn a_key_is_shown_once_and_kept_as_its_hash() {
    let service = Service::start().await;
    let ana = service.person("ana").await;
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
    assert_eq!(
        ana.with_token(&format!("{}0", &secret[..66]))
            .get("/companies")
            .await
            .problem(401),
        "invalid_token"
    );
}

#[tokio::test]
async fn every_scope_opens_what_it_is_for_and_nothing_else() {
    let service = Service::start().await;
    let people = Tenancy::of(&service).await;
    let admin = people.person("oA");
    let seen = admin.post("/companies", &company("SEEN")).await.expect(201);
    let seen = format!("/companies/{}", text(&seen, "id"));
    let people_of_a = format!("/organizations/{}/invitations", people.organization("A"));
    let items = json!({ "items": [{ "ratios": ratios() }] });
    for scope in SCOPES {
        let key = key_of(admin, &[scope], None).await.holder;
        let expect = |answer: &Answer, what: &str, opens: &[&str], ok: u16, no: (u16, &str)| {
            if opens.contains(&scope) {
                let _ = answer.expect(ok);
            } else {
                assert_eq!(answer.problem(no.0), no.1, "{what} with {scope}");
            }
        };
        let no = (403, "key_scope");
        let reads = ["read", "write", "upload"];
        // Where nothing may be read, existence is secret.
        let read = key.get(&seen).await;
        expect(&read, "reading", &reads, 200, (404, "not_found"));
        let list = key.get("/companies").await.expect(200);
        let rows = usize::from(reads.contains(&scope));
        assert!(
            list["data"].as_array().map_or(0, Vec::len) >= rows
                && (rows == 1 || column(&list, "id").is_empty()),
            "listing with {scope}: {list}"
        );
        let write = key
            .post("/companies", &company(&scope.to_uppercase()))
            .await;
        expect(&write, "writing", &["write"], 201, no);
        let path = "/predictions/annual/score";
        let score = key.post(path, &items).await;
        expect(&score, "scoring", &["score", "write"], 200, no);
        let fields = [
            ("job_type", "annual"),
            ("dry_run", "true"),
            ("force", "true"),
        ];
        let upload = key.upload(("a.csv", file_of(["ACME"])), &fields).await;
        expect(&upload, "uploading", &["upload"], 202, no);
        let audit = key.get("/audit-logs").await;
        expect(&audit, "auditing", &["audit"], 200, no);
        let manage = key.get(&people_of_a).await;
        expect(&manage, "administering", &["admin"], 200, no);
    }
}

#[tokio::test]
async fn a_key_never_makes_keys_people_or_sessions() {
    let service = Service::start().await;
    let people = Tenancy::of(&service).await;
    let key = key_of(people.person("sa"), &SCOPES, None).await;
    let holder = key.holder;
    let own = format!("/api-keys/{}", key.id);
    let invitation = json!({
        "email": "new@example.com", "role": "org_member",
        "organization_id": people.organization("A"),
    });
    let answers = [
        holder.post("/api-keys", &wanted(&["read"], None)).await,
        holder.post(&format!("{own}/rotate"), &json!({})).await,
        holder.delete(&own).await,
        holder.get("/api-keys").await,
        holder.post("/users", &invitation).await,
        holder
            .post(
                "/auth/step-up",
                &json!({ "password": accunode_tests::PASSWORD }),
            )
            .await,
        holder.post_nothing("/auth/logout").await,
    ];
    for answer in answers {
        assert_eq!(answer.problem(403), "key_forbidden");
    }
    let refreshed = json!({ "refresh_token": "ak_whatever" });
    let refused = service.nobody().post("/auth/refresh", &refreshed).await;
    assert_eq!(refused.problem(401), "token_expired");
}

#[tokio::test]
async fn nobody_makes_a_key_that_could_do_more_than_he() {
    let service = Service::start().await;
    let people = Tenancy::of(&service).await;
    let (a, b) = (people.organization("A"), people.organization("B"));
    let m1 = people.person("m1");
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
    // A tenant_admin's key for a child reaches neither its sibling nor himself.
    let tenant = people.person("tR");
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
async fn a_key_follows_its_owners_role_and_dies_with_him() {
    let service = Service::start().await;
    let people = Tenancy::of(&service).await;
    let pool = service.database.superuser().await;
    let a = people.organization("A");
    let row = people
        .person("m1")
        .post("/companies", &company("ROW"))
        .await
        .expect(201);
    let row = format!("/companies/{}", text(&row, "id"));
    let change = json!({ "name": "changed" });

    let admin = people.person("oA");
    let (key, bound) = (
        key_of(admin, &SCOPES, None).await.holder,
        key_of(admin, &["read"], Some(a)).await.holder,
    );
    let _ = key.patch(&row, &change).await.expect(200);
    run(
        &pool,
        "UPDATE users SET role = 'org_member' WHERE email = 'oa@example.com'",
    )
    .await;
    assert_eq!(key.patch(&row, &change).await.problem(403), "not_writable");
    let _ = bound.get(&row).await.expect(200);

    run(
        &pool,
        "UPDATE users SET organization_id = (SELECT id FROM organizations WHERE name = 'B') WHERE email = 'oa@example.com'",
    )
    .await;
    assert_eq!(key.get(&row).await.problem(404), "not_found");
    assert_eq!(bound.get(&row).await.problem(401), "invalid_token");

    let m2 = key_of(people.person("m2"), &["read"], None).await.holder;
    run(
        &pool,
        "UPDATE organizations SET is_active = false WHERE name = 'A'",
    )
    .await;
    assert_eq!(
        m2.get("/companies").await.problem(403),
        "organization_inactive"
    );
    run(
        &pool,
        "UPDATE users SET is_active = false WHERE email = 'm2@example.com'",
    )
    .await;
    assert_eq!(m2.get("/companies").await.status.as_u16(), 401);
}

#[tokio::test]
async fn a_key_ends_when_it_is_revoked_or_has_expired() {
    let service = Service::start().await;
    let ana = service.person("ana").await;
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
async fn a_rotated_secret_stays_good_for_as_long_as_said() {
    let service = Service::start().await;
    let ana = service.person("ana").await;
    let pool = service.database.superuser().await;
    let first = key_of(&ana, &["read"], None).await;
    let path = format!("/api-keys/{}/rotate", first.id);
    let rotate = async |body: Value| {
        let next = ana.post(&path, &body).await.expect(200);
        (ana.with_token(text(&next, "secret")), next)
    };
    let is_good = async |holder: &Person| holder.get("/companies").await.status.as_u16() == 200;

    let (second, told) = rotate(json!({})).await;
    assert_eq!(told["id"], first.id);
    assert!(told["previous_secret_until"].is_string(), "{told}");
    assert!(is_good(&first.holder).await && is_good(&second).await);
    let hours: f64 = ask(
        &pool,
        "SELECT (extract(epoch FROM previous_until - now()) / 3600)::float8 FROM api_keys",
    )
    .await;
    assert!((23.9..=24.0).contains(&hours), "{hours}");

    // The one before the one before is worth nothing any more.
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
    // Revoked, both are dead.
    let (fifth, _) = rotate(json!({})).await;
    let _ = ana
        .delete(&format!("/api-keys/{}", first.id))
        .await
        .expect(204);
    assert!(!is_good(&fourth).await && !is_good(&fifth).await);
}

#[tokio::test]
async fn keys_are_seen_and_ended_by_their_owners_and_those_who_administer_them() {
    let service = Service::start().await;
    let people = Tenancy::of(&service).await;
    let a = people.organization("A");
    let of_m1 = key_of(people.person("m1"), &["read"], None).await;
    let of_admin = key_of(people.person("oA"), &["read"], None).await;
    let of_tenant = key_of(people.person("tR"), &["read"], Some(a)).await;
    let hidden = key_of(people.person("tR"), &["read"], None).await;
    let listed = async |name: &str, path: &str| {
        let mut ids = column(&people.person(name).get(path).await.expect(200), "id");
        ids.sort();
        ids
    };
    let in_a = format!("/api-keys?organization_id={a}");
    let mut all = vec![of_m1.id.clone(), of_admin.id.clone(), of_tenant.id.clone()];
    all.sort();
    assert_eq!(listed("m1", "/api-keys").await, [of_m1.id.as_str()]);
    for name in ["oA", "tR", "sa"] {
        assert_eq!(listed(name, &in_a).await, all, "{name}");
    }
    let refusals = [
        ("m1", "role_forbidden"),
        ("u0", "role_forbidden"),
        ("tZ", "outside_scope"),
    ];
    for (name, code) in refusals {
        assert_eq!(
            people.person(name).get(&in_a).await.problem(403),
            code,
            "{name}"
        );
    }

    let end = async |name: &str, key: &Key| {
        let answer = people
            .person(name)
            .delete(&format!("/api-keys/{}", key.id))
            .await;
        match answer.status.as_u16() {
            204 => "ended".to_owned(),
            status => answer.problem(status),
        }
    };
    assert_eq!(end("m2", &of_m1).await, "not_found");
    assert_eq!(end("mB", &of_m1).await, "not_found");
    assert_eq!(end("tZ", &of_m1).await, "not_found");
    assert_eq!(end("oA", &of_tenant).await, "rank_too_low");
    assert_eq!(end("oA", &hidden).await, "not_found");
    assert_eq!(end("oA", &of_m1).await, "ended");
    assert_eq!(end("tR", &of_admin).await, "ended");
    assert_eq!(end("sa", &hidden).await, "ended");
    assert_eq!(
        of_m1.holder.get("/companies").await.problem(401),
        "invalid_token"
    );

    // Only the owner is shown a secret.
    let path = format!("/api-keys/{}/rotate", of_tenant.id);
    let rotated = people.person("oA").post(&path, &json!({})).await;
    assert_eq!(rotated.problem(403), "not_writable");
    let unseen = people.person("m1").post(&path, &json!({})).await;
    assert_eq!(unseen.problem(404), "not_found");
}

#[tokio::test]
async fn a_repeated_request_makes_one_key_and_shows_no_secret_again() {
    let service = Service::start().await;
    let ana = service.person("ana").await;
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
async fn a_key_is_given_no_answer_that_its_owner_or_another_key_was_given() {
    let service = Service::start().await;
    let ana = service.person("ana").await;
    let first = key_of(&ana, &["write"], None).await.holder;
    let second = key_of(&ana, &["write"], None).await.holder;
    let company = company("ACME");
    let send = async |who: &Person| {
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
async fn everything_wrong_with_a_key_is_told_at_once_and_there_are_not_too_many() {
    let service = Service::start().await;
    let ana = service.person("ana").await;
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

#[tokio::test]
async fn what_a_key_does_stands_in_the_audit_log_with_its_name() {
    let service = Service::start().await;
    let ana = service.person("ana").await;
    let pool = service.database.superuser().await;
    let key = key_of(&ana, &["write"], None).await;
    let holder = key.holder.with("x-request-id", "by-key-1");
    let _ = holder
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    let told: i64 = ask(
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
    assert!(told >= 1 && told == all, "{told} of {all}");
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
async fn a_key_knows_when_it_was_last_used_and_is_not_written_at_every_use() {
    let service = Service::start().await;
    let ana = service.person("ana").await;
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

    // Somebody holds the row, and nobody waits for him.
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
async fn a_key_has_a_budget_of_its_own() {
    let service = Service::with(ServiceOptions::default().with("limits.read", "2")).await;
    let ana = service.person("ana").await;
    let key = key_of(&ana, &["read"], None).await.holder;
    let mut last = 200;
    for _ in 0..4 {
        last = key.get("/companies").await.status.as_u16();
    }
    assert_eq!(last, 429);
    let _ = ana.get("/companies").await.expect(200);
}
