//! Join tokens, allowed addresses, and joining.

use accunode_tests::{Service, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};

use super::tenancy;
use crate::support::{all_rows, ask, column, prediction, text, with};

fn path(users: &Tenancy, name: &str) -> String {
    format!("/organizations/{}", users.organization(name))
}

/// Opens A to the users whom `policy` lets in, and returns its token.
async fn open(users: &Tenancy, policy: &str) -> String {
    let (oa, path) = (users.user("oA"), path(users, "A"));
    let _ = oa
        .patch(&path, &json!({ "join_policy": policy }))
        .await
        .expect(200);
    let created = oa
        .put_nothing(&format!("{path}/join-token"))
        .await
        .expect(200);
    text(&created, "join_token").to_owned()
}

async fn join(user: &TestUser, token: &str) -> accunode_tests::Answer {
    user.post("/auth/join", &json!({ "join_token": token }))
        .await
}

#[tokio::test]
async fn join_token_is_shown_once_and_makes_a_user_a_member() {
    let (service, users) = tenancy().await;
    let (oa, u0) = (users.user("oA"), users.user("u0"));
    let a = path(&users, "A");
    let _ = oa
        .patch(&a, &json!({ "join_policy": "token" }))
        .await
        .expect(200);
    let created = oa.put_nothing(&format!("{a}/join-token")).await.expect(200);
    let token = text(&created, "join_token");
    assert_eq!(token.len(), "join_".len() + 64, "256 bits: {token}");
    assert!(
        text(&created, "join_url").ends_with(&format!("/join#token={token}")),
        "{created}"
    );

    let me = join(u0, token).await.expect(200);
    assert_eq!(me["role"], "org_member");
    assert_eq!(
        text(&me["organization"], "id"),
        users.organization("A").to_string()
    );
    let _ = u0.get(&a).await.expect(200);

    let pool = service.database.superuser().await;
    for table in ["join_tokens", "audit_logs"] {
        let kept: i64 = ask(
            &pool,
            &format!("SELECT count(*) FROM {table} t WHERE t::text LIKE '%{token}%'"),
        )
        .await;
        assert_eq!(kept, 0, "{table} holds its hash at most");
    }
    let log = oa
        .get("/audit-logs?event_type=user.joined")
        .await
        .expect(200);
    let event = &log["data"][0];
    assert_eq!(event["old_values"]["role"], "user");
    assert_eq!(event["new_values"]["role"], "org_member");
    assert_eq!(event["user_id"], u0.id.to_string());
    assert_eq!(event["organization_id"], me["organization"]["id"]);
}

#[tokio::test]
async fn new_join_token_replaces_the_old_one_and_removal_leaves_none() {
    let (service, users) = tenancy().await;
    let (oa, a) = (users.user("oA"), path(&users, "A"));
    let first = open(&users, "token").await;
    let second = open(&users, "token").await;
    assert_ne!(first, second);
    let (ana, ben) = (service.user("ana").await, service.user("ben").await);
    assert_eq!(join(&ana, &first).await.problem(404), "not_found");
    let _ = join(&ana, &second).await.expect(200);
    let _ = oa.delete(&format!("{a}/join-token")).await.expect(204);
    assert_eq!(join(&ben, &second).await.problem(404), "not_found");
    assert_eq!(
        oa.delete(&format!("{a}/join-token")).await.problem(404),
        "not_found"
    );
    let log = oa.get("/audit-logs?limit=100").await.expect(200);
    let events: Vec<String> = column(&log, "event_type")
        .into_iter()
        .filter(|event| event.starts_with("join_token"))
        .collect();
    assert_eq!(
        events,
        [
            "join_token.removed",
            "join_token.created",
            "join_token.created"
        ]
    );
}

#[tokio::test]
async fn closed_or_unknown_join_is_not_found() {
    let (_service, users) = tenancy().await;
    let (u0, tr, oa) = (users.user("u0"), users.user("tR"), users.user("oA"));
    let a = path(&users, "A");
    assert_eq!(join(u0, "join_nothing").await.problem(404), "not_found");
    let token = open(&users, "closed").await;
    assert_eq!(join(u0, &token).await.problem(404), "not_found");
    let token = open(&users, "token").await;
    let active = async |is_active: bool| {
        let _ = tr
            .patch(&a, &json!({ "is_active": is_active }))
            .await
            .expect(200);
    };
    active(false).await;
    assert_eq!(join(u0, &token).await.problem(404), "not_found");
    active(true).await;
    // A member cannot join another organization, whatever token they have.
    for who in ["m1", "oA", "tZ"] {
        let answer = join(users.user(who), &token).await;
        assert_eq!(answer.problem(409), "already_member", "{who}");
    }
    let sa = join(users.user("sa"), &token).await;
    assert_eq!(sa.problem(403), "role_forbidden");
    let unknown = json!({ "join_token": token, "role": "org_admin" });
    assert_eq!(
        u0.post("/auth/join", &unknown).await.problem(422),
        "unknown_field"
    );
    let _ = oa.delete(&format!("{a}/join-token")).await.expect(204);
    assert_eq!(join(u0, &token).await.problem(404), "not_found");
}

#[tokio::test]
async fn only_allowed_addresses_join_under_the_allowed_emails_policy() {
    let (service, users) = tenancy().await;
    let oa = users.user("oA");
    let list = format!("{}/allowed-emails", path(&users, "A"));
    let token = open(&users, "allowed_emails").await;
    let ana = service.user("ana+a").await;
    assert_eq!(join(&ana, &token).await.problem(403), "email_not_allowed");

    let body = json!({ "email": " Ana+A@Example.com" });
    let once = oa.with("Idempotency-Key", "allow-ana");
    let made = once.post(&list, &body).await.expect(201);
    assert_eq!(made["email"], "ana+a@example.com");
    let again = once.post(&list, &body).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(oa.post(&list, &body).await.problem(409), "already_allowed");
    let wrong = json!({ "email": "no-address" });
    assert_eq!(oa.post(&list, &wrong).await.problem(422), "invalid_email");
    for n in 0..4 {
        let body = json!({ "email": format!("b{n}@example.com") });
        let _ = oa.post(&list, &body).await.expect(201);
    }
    let listed: Vec<String> = all_rows(oa, &list, 2)
        .await
        .iter()
        .map(|row| text(row, "email").to_owned())
        .collect();
    assert_eq!(
        listed,
        [
            "ana+a@example.com",
            "b0@example.com",
            "b1@example.com",
            "b2@example.com",
            "b3@example.com"
        ]
    );
    let csv = oa.get_as(&list, "text/csv").await;
    assert_eq!(csv.text.lines().count(), 6, "{}", csv.text);

    let _ = join(&ana, &token).await.expect(200);
    // Users whose address is removed from the list stay members.
    for address in ["ana%2Ba@example.com", "b0%40example.com"] {
        let _ = oa.delete(&format!("{list}/{address}")).await.expect(204);
        let again = oa.delete(&format!("{list}/{address}")).await;
        assert_eq!(again.problem(404), "not_found");
    }
    assert_eq!(ana.get("/me").await.expect(200)["role"], "org_member");
    assert_eq!(all_rows(oa, &list, 100).await.len(), 3);
    assert_eq!(
        users.user("m1").get(&list).await.problem(403),
        "field_forbidden"
    );
    assert_eq!(users.user("mB").get(&list).await.problem(404), "not_found");
}

#[tokio::test]
async fn concurrent_joins_do_not_exceed_the_member_limit() {
    let (service, users) = tenancy().await;
    let token = open(&users, "token").await;
    let a = path(&users, "A");
    // Three have joined; four places are left for twelve.
    let _ = users
        .user("tR")
        .patch(&a, &json!({ "max_users": 7 }))
        .await
        .expect(200);
    let mut comers = Vec::new();
    for n in 0..12 {
        comers.push(service.user(&format!("comer{n}")).await);
    }
    let asked = comers.iter().map(|comer| {
        let (comer, token) = (comer.clone(), token.clone());
        tokio::spawn(async move { join(&comer, &token).await })
    });
    let mut statuses = Vec::new();
    for answer in asked.collect::<Vec<_>>() {
        let answer = answer.await.expect("an answer");
        match answer.status.as_u16() {
            200 => {}
            _ => assert_eq!(answer.problem(409), "organization_full"),
        }
        statuses.push(answer.status.as_u16());
    }
    let in_now = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(in_now, 4, "{statuses:?}");
    let stats = users
        .user("oA")
        .get(&format!("{a}/stats"))
        .await
        .expect(200);
    assert_eq!(stats["users"], 7);
    // A limit below the number of members removes no member, and lets none in.
    let _ = users
        .user("tR")
        .patch(&a, &json!({ "max_users": 2 }))
        .await
        .expect(200);
    let late = service.user("late").await;
    assert_eq!(join(&late, &token).await.problem(409), "organization_full");
    let _ = users.user("m1").get("/companies").await.expect(200);
}

#[tokio::test]
async fn personal_rows_stay_private_after_joining() {
    let (_service, users) = tenancy().await;
    let token = open(&users, "token").await;
    let (u0, oa) = (users.user("u0"), users.user("oA"));
    let made = u0
        .post("/predictions/annual", &prediction("MINE", "2024"))
        .await
        .expect(201);
    let _ = join(u0, &token).await.expect(200);
    let path = format!("/predictions/annual/{}", text(&made, "id"));
    assert_eq!(u0.get(&path).await.expect(200)["access_level"], "personal");
    assert_eq!(oa.get(&path).await.problem(404), "not_found");
    let new = u0
        .post("/predictions/annual", &prediction("NEW", "2024"))
        .await
        .expect(201);
    assert_eq!(new["access_level"], "organization", "new ones are shared");
    let raised = json!({ "access_level": "organization" });
    let own = with(
        prediction("SHARE", "2024"),
        json!({ "access_level": "personal" }),
    );
    let own = u0.post("/predictions/annual", &own).await.expect(201);
    let path = format!("/companies/{}", text(&own, "company_id"));
    assert_eq!(
        u0.patch(&path, &raised).await.problem(409),
        "company_in_use"
    );
}

#[tokio::test]
async fn the_first_administrator_is_invited_with_their_organization_or_not_at_all() {
    let (service, users) = tenancy().await;
    let (sa, tr) = (users.user("sa"), users.user("tR"));
    let body = |name: &str, parent: Option<&str>, admin: &str| {
        let mut body = json!({ "name": name, "admin_email": admin });
        if let Some(parent) = parent {
            body["parent_id"] = users.organization(parent).to_string().into();
        }
        body
    };
    for (who, parent, admin, role) in [
        (sa, None, "root@new.example", "tenant_admin"),
        (tr, Some("R"), "child@new.example", "org_admin"),
    ] {
        let made = who
            .post("/organizations", &body("New", parent, admin))
            .await
            .expect(201);
        let invited = sa
            .get(&format!("/organizations/{}/invitations", text(&made, "id")))
            .await
            .expect(200);
        assert_eq!(column(&invited, "role"), [role]);
        assert_eq!(column(&invited, "email"), [admin]);
        assert_eq!(
            invited_by_mail(&service, admin).await,
            "You are invited to New"
        );
        assert!(!made.to_string().contains(admin));
    }
    // If either fails, neither change is stored.
    let pool = service.database.superuser().await;
    let there = async || -> (i64, i64) {
        (
            ask(&pool, "SELECT count(*) FROM organizations").await,
            ask(&pool, "SELECT count(*) FROM invitations").await,
        )
    };
    let before = there().await;
    let answer = sa
        .post("/organizations", &body("", None, "no address"))
        .await;
    let _ = answer.problem(422);
    assert_eq!(
        answer.faults(),
        ["/name required", "/admin_email invalid_email"]
    );
    crate::support::run(
        &pool,
        "ALTER TABLE invitations ADD CONSTRAINT none CHECK (email <> 'refused@new.example')",
    )
    .await;
    let refused = sa
        .post("/organizations", &body("Gone", None, "refused@new.example"))
        .await;
    assert!(refused.status.is_client_error() || refused.status.is_server_error());
    assert_eq!(there().await, before);
    assert!(service.mails_to("refused@new.example").await.is_empty());
}

async fn invited_by_mail(service: &Service, email: &str) -> Value {
    service.last_mail_to(email).await.subject.into()
}
