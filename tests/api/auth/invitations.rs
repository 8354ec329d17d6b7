//! `POST /auth/accept-invitation`

use accunode_tests::{PASSWORD, Service, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{ask, run, text};

async fn invited(
    service: &Service,
    by: &TestUser,
    email: &str,
    role: &str,
    organization: Uuid,
) -> String {
    let body = json!({ "email": email, "role": role, "organization_id": organization });
    let _ = by.post("/users", &body).await.expect(202);
    service.last_mail_to(email).await.token()
}

#[tokio::test]
async fn new_user_becomes_a_member_by_invitation_with_their_own_password() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let a = tenancy.organization("A");
    let token = invited(
        &service,
        tenancy.user("tR"),
        "ada@example.com",
        "org_admin",
        a,
    )
    .await;
    let body = json!({ "token": token, "password": PASSWORD, "first_name": "Ada" });
    let answer = service
        .anonymous()
        .post("/auth/accept-invitation", &body)
        .await;
    let me = answer.expect(200);
    assert_eq!(
        (&me["email"], &me["role"], &me["first_name"]),
        (
            &json!("ada@example.com"),
            &json!("org_admin"),
            &json!("Ada")
        )
    );
    assert_eq!(me["is_verified"], true);
    assert_eq!(me["organization"]["id"], a.to_string());
    let ada = service.anonymous().login("ada@example.com").await;
    let _ = ada
        .get(&format!("/organizations/{a}/invitations"))
        .await
        .expect(200);

    let again = service
        .anonymous()
        .post("/auth/accept-invitation", &body)
        .await;
    assert_eq!(again.problem(410), "token_expired");
    let pool = service.database.superuser().await;
    let events: Value = ask(
        &pool,
        "SELECT jsonb_agg(jsonb_build_array(event_type, user_id, organization_id, new_values->'role') \
         ORDER BY created_at, event_type) FROM audit_logs \
         WHERE actor_email = 'ada@example.com' AND action IN ('CREATE', 'UPDATE')",
    )
    .await;
    assert_eq!(
        events,
        json!([
            ["invitation.accepted", ada.id, a, "org_admin"],
            ["user.registered", ada.id, a, "org_admin"]
        ])
    );
    let page = tenancy
        .user("oA")
        .get(&format!("/organizations/{a}/invitations"))
        .await
        .expect(200);
    assert_eq!(page["data"][0]["status"], "accepted");
    assert_eq!(page["data"][0]["accepted_by"], ada.id.to_string());
}

#[tokio::test]
async fn existing_user_accepts_an_invitation_only_when_signed_in() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let (u0, a) = (tenancy.user("u0"), tenancy.organization("A"));
    let made = u0
        .post("/companies", &json!({ "symbol": "MINE" }))
        .await
        .expect(201);
    let token = invited(&service, tenancy.user("oA"), &u0.email, "org_member", a).await;
    let path = "/auth/accept-invitation";
    let body = json!({ "token": token, "password": "another password entirely" });
    let anonymous = service.anonymous().post(path, &body).await;
    assert_eq!(anonymous.problem(401), "sign_in_required");
    let other = tenancy.user("tZ").post(path, &body).await;
    assert_eq!(other.problem(403), "other_account");
    let forged = service
        .anonymous()
        .with_token("at_0")
        .post(path, &body)
        .await;
    assert_eq!(forged.problem(401), "invalid_token");

    let me = u0.post(path, &json!({ "token": token })).await.expect(200);
    assert_eq!(
        (&me["role"], &me["organization"]["id"]),
        (&json!("org_member"), &json!(a))
    );
    let _ = u0.get("/users").await.expect(200);
    // The user keeps their password and their rows.
    let _ = service.anonymous().login(&u0.email).await;
    let company = u0.get(&format!("/companies/{}", text(&made, "id"))).await;
    assert_eq!(company.expect(200)["access_level"], "personal");

    let token = invited(
        &service,
        tenancy.user("tZ"),
        &u0.email,
        "org_member",
        tenancy.organization("Z"),
    )
    .await;
    let second = u0.post(path, &json!({ "token": token })).await;
    assert_eq!(second.problem(409), "already_member");
    let sa = tenancy.user("sa");
    let token = invited(&service, tenancy.user("oA"), &sa.email, "org_member", a).await;
    let answer = sa.post(path, &json!({ "token": token })).await;
    assert_eq!(answer.problem(403), "role_forbidden");
}

#[tokio::test]
async fn invitation_is_previewed_before_it_is_accepted() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let (u0, a) = (tenancy.user("u0"), tenancy.organization("A"));
    let path = "/auth/preview-invitation";
    let visitor = service.anonymous();
    let see = async |token: &str| visitor.post(path, &json!({ "token": token })).await;
    let (oa, tr) = (tenancy.user("oA"), tenancy.user("tR"));
    let new = invited(&service, tr, "ada@example.com", "org_admin", a).await;
    let known = invited(&service, oa, &u0.email, "org_member", a).await;

    let seen = see(&new).await.expect(200);
    let expires_at = text(&seen, "expires_at").to_owned();
    assert_eq!(
        seen,
        json!({
            "organization_name": "A", "email": "ada@example.com", "role": "org_admin",
            "invited_by_email": tr.email, "expires_at": expires_at, "has_account": false,
        })
    );
    assert_eq!(see(&known).await.expect(200)["has_account"], true);
    // The preview does not use up the invitation.
    let accept = json!({ "token": new, "password": PASSWORD });
    let _ = visitor
        .post("/auth/accept-invitation", &accept)
        .await
        .expect(200);

    // All reasons for not accepting it give the same answer.
    let pool = service.database.superuser().await;
    let unknown = see("inv_none").await.json();
    let used = see(&new).await;
    assert_eq!(used.problem(410), "token_expired");
    assert_eq!(used.json()["detail"], unknown["detail"]);
    run(
        &pool,
        "UPDATE users SET role = 'org_member' WHERE email = 'oa@example.com'",
    )
    .await;
    let without_rights = see(&known).await;
    assert_eq!(without_rights.problem(410), "token_expired");
    assert_eq!(without_rights.json()["detail"], unknown["detail"]);
}

#[tokio::test]
async fn withdrawn_renewed_or_expired_invitation_tokens_are_refused() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let (oa, a) = (tenancy.user("oA"), tenancy.organization("A"));
    let pool = service.database.superuser().await;
    let accept = async |token: &str| {
        let body = json!({ "token": token, "password": PASSWORD });
        let answer = service
            .anonymous()
            .post("/auth/accept-invitation", &body)
            .await;
        answer.problem(410)
    };
    let old = invited(&service, oa, "ada@example.com", "org_member", a).await;
    let new = invited(&service, oa, "ada@example.com", "org_member", a).await;
    assert_ne!(old, new);
    assert_eq!(accept(&old).await, "token_expired");
    run(
        &pool,
        "UPDATE invitations SET expires_at = now() - interval '1 second'",
    )
    .await;
    assert_eq!(accept(&new).await, "token_expired");
    let last = invited(&service, oa, "ada@example.com", "org_member", a).await;
    let id: Uuid = ask(&pool, "SELECT id FROM invitations").await;
    let _ = oa
        .delete(&format!("/organizations/{a}/invitations/{id}"))
        .await
        .expect(204);
    assert_eq!(accept(&last).await, "token_expired");
    assert_eq!(accept("nonsense").await, "token_expired");
    let users: i64 = ask(&pool, "SELECT count(*) FROM users").await;
    assert_eq!(users, 8);
}

#[tokio::test]
async fn invalid_acceptance_reports_every_field_and_keeps_the_token() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let a = tenancy.organization("A");
    let token = invited(
        &service,
        tenancy.user("oA"),
        "ada@example.com",
        "org_member",
        a,
    )
    .await;
    let accept = async |body: Value| {
        let answer = service
            .anonymous()
            .post("/auth/accept-invitation", &body)
            .await;
        let mut faults = answer.faults();
        faults.sort();
        (answer, faults)
    };
    let (answer, faults) =
        accept(json!({ "token": token, "password": "aaaaaaaaaaaa", "first_name": "a\u{0}" })).await;
    assert_eq!(
        faults,
        ["/first_name control_character", "/password weak_password"]
    );
    assert!(!answer.text.contains("aaaaaaaaaaaa"), "{}", answer.text);
    let (_, faults) = accept(json!({ "token": token })).await;
    assert_eq!(faults, ["/password required"]);
    let (_, faults) =
        accept(json!({ "token": token, "password": PASSWORD, "role": "super_admin" })).await;
    assert_eq!(faults, ["/role unknown_field"]);
    let (answer, _) = accept(json!({ "token": token, "password": PASSWORD })).await;
    let _ = answer.expect(200);
}

#[tokio::test]
async fn concurrent_acceptances_do_not_exceed_the_member_limit() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let a = tenancy.organization("A");
    let pool = service.database.superuser().await;
    let mut tokens = Vec::new();
    for n in 0..8 {
        let email = format!("n{n}@example.com");
        tokens.push(invited(&service, tenancy.user("oA"), &email, "org_member", a).await);
    }
    // Three members exist already.
    run(
        &pool,
        "UPDATE organizations SET max_users = 5 WHERE name = 'A'",
    )
    .await;
    let answers = futures::future::join_all(tokens.iter().map(|token| {
        let anonymous = service.anonymous();
        async move {
            let body = json!({ "token": token, "password": PASSWORD });
            anonymous.post("/auth/accept-invitation", &body).await
        }
    }))
    .await;
    let full = answers
        .iter()
        .filter(|answer| answer.status.as_u16() != 200)
        .map(|answer| answer.problem(409));
    assert_eq!(full.collect::<Vec<_>>(), ["organization_full"; 6]);
    let members: i64 = ask(
        &pool,
        &format!("SELECT count(*) FROM users WHERE organization_id = '{a}'"),
    )
    .await;
    assert_eq!(members, 5);
    let users: i64 = ask(&pool, "SELECT count(*) FROM users WHERE email LIKE 'n%'").await;
    assert_eq!(users, 2, "who did not get in has no account, either");
}

#[tokio::test]
async fn invitation_token_used_concurrently_admits_one() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let a = tenancy.organization("A");
    let token = invited(
        &service,
        tenancy.user("oA"),
        "ada@example.com",
        "org_member",
        a,
    )
    .await;
    let body = json!({ "token": token, "password": PASSWORD });
    let answers = futures::future::join_all((0..4).map(|_| {
        let (anonymous, body) = (service.anonymous(), body.clone());
        async move { anonymous.post("/auth/accept-invitation", &body).await }
    }))
    .await;
    let mut statuses: Vec<u16> = answers.iter().map(|a| a.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200, "{statuses:?}");
    // The other requests come too late, or find the account that was created in the meantime.
    assert!(
        statuses[1..].iter().all(|s| [401, 410].contains(s)),
        "{statuses:?}"
    );
}
