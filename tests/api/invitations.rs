//! `POST /users` and `/organizations/{id}/invitations`.

use accunode_tests::{PASSWORD, Service, tenancy::Tenancy};
use serde_json::{Value, json};

use crate::support::{all_rows, ask, column, text};

fn invitation(email: &str, role: &str, organization: &Tenancy, name: &str) -> Value {
    json!({ "email": email, "role": role, "organization_id": organization.organization(name) })
}

#[tokio::test]
async fn invitation_lasts_a_week_and_reveals_its_token_only_by_mail() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let body = invitation(" New@Example.com", "org_member", &tenancy, "A");
    let answer = tenancy.user("oA").post("/users", &body).await;
    let made = answer.expect(202);
    assert_eq!(made["email"], "new@example.com");
    assert_eq!(
        (&made["status"], &made["role"]),
        (&json!("pending"), &json!("org_member"))
    );
    assert_eq!(made["invited_by"], tenancy.user("oA").id.to_string());
    let mail = service.last_mail_to("new@example.com").await;
    assert_eq!(mail.subject, "You are invited to A");
    assert!(mail.text.contains("oa@example.com"), "{}", mail.text);
    let token = mail.token();
    assert_eq!(token.len(), 4 + 64, "{token}");
    assert!(!answer.text.contains(&token), "{}", answer.text);

    let pool = service.database.superuser().await;
    let days: i64 = ask(
        &pool,
        "SELECT extract(day FROM expires_at - created_at)::bigint FROM invitations",
    )
    .await;
    assert_eq!(days, 7);
    let event: Value = ask(
        &pool,
        "SELECT jsonb_build_array(event_type, action, entity_id, user_id, organization_id, new_values) \
         FROM audit_logs WHERE entity_type = 'invitation'",
    )
    .await;
    let a = tenancy.organization("A");
    assert_eq!(
        event,
        json!([
            "invitation.created", "CREATE", made["id"], tenancy.user("oA").id, a,
            { "email": "new@example.com", "role": "org_member", "organization_id": a },
        ])
    );
}

#[tokio::test]
async fn repeated_invitation_replaces_role_and_token() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let pool = service.database.superuser().await;
    let hash = "SELECT token_hash FROM invitations";
    let first = tenancy
        .user("oA")
        .post(
            "/users",
            &invitation("new@example.com", "org_member", &tenancy, "A"),
        )
        .await
        .expect(202);
    let old: String = ask(&pool, hash).await;
    let again = tenancy
        .user("tR")
        .post(
            "/users",
            &invitation("new@example.com", "org_admin", &tenancy, "A"),
        )
        .await
        .expect(202);
    assert_eq!(again["id"], first["id"]);
    assert_eq!(again["role"], "org_admin");
    assert_ne!(ask::<String>(&pool, hash).await, old);
    let event: Value = ask(
        &pool,
        "SELECT jsonb_build_array(old_values->'role', new_values->'role') FROM audit_logs \
         WHERE event_type = 'invitation.renewed'",
    )
    .await;
    assert_eq!(event, json!(["org_member", "org_admin"]));
}

#[tokio::test]
async fn repeated_request_invites_once() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let admin = tenancy.user("oA").with("idempotency-key", "k1");
    let body = invitation("new@example.com", "org_member", &tenancy, "A");
    let first = admin.post("/users", &body).await.expect(202);
    let again = admin.post("/users", &body).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.expect(202), first);
    let pool = service.database.superuser().await;
    let event_count: i64 = ask(
        &pool,
        "SELECT count(*) FROM audit_logs WHERE entity_type = 'invitation'",
    )
    .await;
    assert_eq!(event_count, 1);
}

#[tokio::test]
async fn invalid_invitation_reports_every_field() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let sa = tenancy.user("sa");
    let body = json!({ "email": "no-address", "role": "super_admin" });
    let answer = sa.post("/users", &body).await;
    assert_eq!(answer.problem(422), "validation_failed");
    assert_eq!(
        answer.faults(),
        ["/role not_invitable", "/email invalid_email"]
    );
    let body = json!({ "email": "a@b.com", "role": "boss", "password": "x" });
    let mut faults = sa.post("/users", &body).await.faults();
    faults.sort();
    assert_eq!(faults, ["/password unknown_field", "/role unknown_value"]);
    let answer = sa
        .post(
            "/users",
            &json!({ "email": "a@b.com", "role": "org_member" }),
        )
        .await;
    assert_eq!(answer.problem(422), "organization_required");
    assert_eq!(answer.faults(), ["/organization_id organization_required"]);
    let answer = sa
        .post(
            "/users",
            &invitation("a@b.com", "tenant_admin", &tenancy, "A"),
        )
        .await;
    assert_eq!(answer.problem(422), "not_a_root");
    let nowhere =
        json!({ "email": "a@b.com", "role": "org_member", "organization_id": uuid::Uuid::nil() });
    assert_eq!(sa.post("/users", &nowhere).await.problem(404), "not_found");
    assert_eq!(
        tenancy
            .user("tR")
            .post("/users", &nowhere)
            .await
            .problem(403),
        "outside_scope"
    );
}

#[tokio::test]
async fn existing_member_is_revealed_only_to_those_who_see_them() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let m1 = tenancy.user("m1");
    let answer = tenancy
        .user("tR")
        .post(
            "/users",
            &invitation(&m1.email, "org_member", &tenancy, "B"),
        )
        .await;
    assert_eq!(answer.problem(409), "already_member");
    assert_eq!(answer.json()["existing_id"], m1.id.to_string());
    // They may not learn whether the address has an account elsewhere.
    let _ = tenancy
        .user("tZ")
        .post(
            "/users",
            &invitation(&m1.email, "org_member", &tenancy, "Z"),
        )
        .await
        .expect(202);
}

#[tokio::test]
async fn administrators_list_and_withdraw_invitations_they_could_send() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let (oa, tr) = (tenancy.user("oA"), tenancy.user("tR"));
    for n in 0..5 {
        let body = invitation(&format!("n{n}@example.com"), "org_member", &tenancy, "A");
        let _ = oa.post("/users", &body).await.expect(202);
    }
    let above = tr
        .post(
            "/users",
            &invitation("chief@example.com", "org_admin", &tenancy, "A"),
        )
        .await
        .expect(202);
    let path = format!("/organizations/{}/invitations", tenancy.organization("A"));
    let rows = all_rows(oa, &path, 2).await;
    let emails: Vec<&str> = rows.iter().map(|row| text(row, "email")).collect();
    assert_eq!(
        emails,
        [
            "chief@example.com",
            "n4@example.com",
            "n3@example.com",
            "n2@example.com",
            "n1@example.com",
            "n0@example.com"
        ]
    );
    for (who, status) in [
        ("u0", 404),
        ("m1", 403),
        ("mB", 404),
        ("tR", 200),
        ("tZ", 404),
        ("sa", 200),
    ] {
        let answer = tenancy.user(who).get(&path).await;
        assert_eq!(answer.status.as_u16(), status, "{who}: {}", answer.text);
    }
    let csv = oa.get_as(&path, "text/csv").await;
    assert_eq!(csv.text.lines().count(), 7, "{}", csv.text);

    let chief = format!("{path}/{}", text(&above, "id"));
    assert_eq!(oa.delete(&chief).await.problem(403), "role_not_assignable");
    let _ = tr.delete(&chief).await.expect(204);
    assert_eq!(tr.delete(&chief).await.problem(404), "not_found");
    let other = format!(
        "/organizations/{}/invitations/{}",
        tenancy.organization("B"),
        text(&rows[1], "id")
    );
    assert_eq!(tr.delete(&other).await.problem(404), "not_found");
    let page = oa.get(&path).await.expect(200);
    assert!(!column(&page, "email").contains(&"chief@example.com".to_owned()));
    let pool = service.database.superuser().await;
    let event: Value = ask(
        &pool,
        "SELECT jsonb_build_array(action, old_values->'email') FROM audit_logs \
         WHERE event_type = 'invitation.withdrawn'",
    )
    .await;
    assert_eq!(event, json!(["DELETE", "chief@example.com"]));
}

#[tokio::test]
async fn invitation_is_limited_to_the_current_rights_of_its_sender() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let (oa, tr, sa) = (tenancy.user("oA"), tenancy.user("tR"), tenancy.user("sa"));
    let accept = async |email: &str| {
        let token = service.last_mail_to(email).await.token();
        let body = json!({ "token": token, "password": PASSWORD });
        service
            .anonymous()
            .post("/auth/accept-invitation", &body)
            .await
    };
    for (maker, email, role) in [
        (oa, "one@example.com", "org_member"),
        (oa, "two@example.com", "org_member"),
        (tr, "chief@example.com", "org_admin"),
    ] {
        let body = invitation(email, role, &tenancy, "A");
        let _ = maker.post("/users", &body).await.expect(202);
    }
    // A user who could not have made the invitation cannot replace it with a lower one.
    let lower = invitation("chief@example.com", "org_member", &tenancy, "A");
    assert_eq!(
        oa.post("/users", &lower).await.problem(403),
        "role_not_assignable"
    );
    let a = format!("/organizations/{}", tenancy.organization("A"));
    let active = |is: bool| json!({ "is_active": is });
    let _ = tr.patch(&a, &active(false)).await.expect(200);
    assert_eq!(
        accept("one@example.com").await.problem(410),
        "token_expired"
    );
    let _ = tr.patch(&a, &active(true)).await.expect(200);
    let _ = accept("one@example.com").await.expect(200);

    let demoted = json!({
        "role": "org_member", "organization_id": tenancy.organization("A"), "reason": "moves on",
    });
    let path = format!("/users/{}/role", oa.id);
    let _ = sa.put(&path, &demoted).await.expect(200);
    let path = format!("/users/{}", tr.id);
    let _ = sa.patch(&path, &active(false)).await.expect(200);
    for email in ["two@example.com", "chief@example.com"] {
        assert_eq!(accept(email).await.problem(410), "token_expired", "{email}");
        let login = json!({ "email": email, "password": PASSWORD });
        let answer = service.anonymous().post("/auth/login", &login).await;
        assert_eq!(answer.problem(401), "invalid_credentials", "{email}");
    }
}
