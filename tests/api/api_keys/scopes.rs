//! What the scopes of a key allow, and what no key may do.

use accunode_tests::{Answer, Service, ServiceOptions, tenancy::Tenancy};
use serde_json::json;

use super::{SCOPES, company, key_of, wanted};
use crate::support::{column, file_of, ratios, text};

#[tokio::test]
async fn every_scope_allows_only_its_operations() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let admin = users.user("oA");
    let seen = admin.post("/companies", &company("SEEN")).await.expect(201);
    let seen = format!("/companies/{}", text(&seen, "id"));
    let users_of_a = format!("/organizations/{}/invitations", users.organization("A"));
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
        // Existing and missing rows are refused in the same way.
        let read = key.get(&seen).await;
        expect(&read, "reading", &reads, 200, no);
        let unknown = format!("/companies/{}", uuid::Uuid::nil());
        let unseen = key.get(&unknown).await;
        let missing = (404, "not_found");
        let unseen_expected = if reads.contains(&scope) { missing } else { no };
        assert_eq!(unseen.problem(unseen_expected.0), unseen_expected.1);
        let list = key.get("/companies").await;
        expect(&list, "listing", &reads, 200, no);
        if reads.contains(&scope) {
            assert!(
                !column(&list.json(), "id").is_empty(),
                "{scope}: {}",
                list.text
            );
        }
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
        let manage = key.get(&users_of_a).await;
        expect(&manage, "administering", &["admin"], 200, no);
    }
}

/// The audit log has a separate scope: a key that reads no rows can still read it.
#[tokio::test]
async fn key_with_audit_scope_reads_its_owners_audit_log() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let made = users.user("m1").post("/companies", &company("ACME")).await;
    let company = made.expect(201)["id"].as_str().expect("an id").to_owned();
    let list = format!("/audit-logs?entity_id={company}");
    for (owner, reads) in [("sa", true), ("tR", true), ("oA", true), ("m2", false)] {
        let session = users.user(owner);
        let key = key_of(session, &["audit"], None).await.holder;
        for by in [session, &key] {
            let events = by.get(&list).await.expect(200);
            assert_eq!(
                !column(&events, "id").is_empty(),
                reads,
                "{owner}: {events}"
            );
        }
        let event = users.user("sa").get(&list).await.expect(200);
        let path = format!("/audit-logs/{}", column(&event, "id")[0]);
        let one = key.get(&path).await;
        assert_eq!(
            one.status.as_u16(),
            if reads { 200 } else { 404 },
            "{owner}"
        );
    }
}

#[tokio::test]
async fn key_cannot_manage_keys_users_or_sessions() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let key = key_of(users.user("sa"), &SCOPES, None).await;
    let holder = key.holder;
    let own = format!("/api-keys/{}", key.id);
    let invitation = json!({
        "email": "new@example.com", "role": "org_member",
        "organization_id": users.organization("A"),
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
    let refused = service.anonymous().post("/auth/refresh", &refreshed).await;
    assert_eq!(refused.problem(401), "token_expired");
}

#[tokio::test]
async fn key_has_its_own_rate_limit() {
    let service = Service::with(ServiceOptions::default().with("limits.read", "2")).await;
    let ana = service.user("ana").await;
    let key = key_of(&ana, &["read"], None).await.holder;
    let mut last = 200;
    for _ in 0..4 {
        last = key.get("/companies").await.status.as_u16();
    }
    assert_eq!(last, 429);
    let _ = ana.get("/companies").await.expect(200);
}
