//! `PUT /users/{id}/role`, `DELETE /users/{id}?mode=remove_from_org`

use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::ask;

fn role(role: &str, organization: Option<Uuid>) -> Value {
    json!({ "role": role, "organization_id": organization, "reason": "reorganization" })
}

#[tokio::test]
async fn new_role_applies_immediately_and_ends_sessions() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let (tr, m2) = (tenancy.user("tR"), tenancy.user("m2"));
    let path = format!("/users/{}/role", m2.id);
    let answer = tr.put(&path, &role("org_admin", None)).await;
    let now = answer.expect(200);
    assert_eq!(
        (&now["role"], &now["effective_role"]),
        (&json!("org_admin"), &json!("org_admin"))
    );
    assert_eq!(
        now["organization_id"],
        tenancy.organization("A").to_string()
    );
    assert_eq!(answer.header("etag"), "\"2\"");
    assert_eq!(m2.get("/me").await.problem(401), "invalid_token");
    let m2 = service.anonymous().login(&m2.email).await;
    let a = format!("/organizations/{}/invitations", tenancy.organization("A"));
    let _ = m2.get(&a).await.expect(200);

    let b = tenancy.organization("B");
    let moved = tr
        .put(&path, &role("org_member", Some(b)))
        .await
        .expect(200);
    assert_eq!(moved["organization_id"], b.to_string());
    let pool = service.database.superuser().await;
    let events: Value = ask(
        &pool,
        "SELECT jsonb_agg(jsonb_build_array(old_values, new_values, metadata, organization_name) \
         ORDER BY created_at, organization_name) FROM audit_logs WHERE event_type = 'user.role_changed'",
    )
    .await;
    let standing =
        |role: &str, organization: Uuid| json!({ "role": role, "organization_id": organization });
    let a = tenancy.organization("A");
    let reason = json!({ "reason": "reorganization" });
    assert_eq!(
        events,
        json!([
            [
                standing("org_member", a),
                standing("org_admin", a),
                reason,
                "A"
            ],
            [
                standing("org_admin", a),
                standing("org_member", b),
                reason,
                "A"
            ],
            [
                standing("org_admin", a),
                standing("org_member", b),
                reason,
                "B"
            ],
        ])
    );
}

#[tokio::test]
async fn member_leaves_the_organization_and_stays_signed_in_as_user() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let m2 = tenancy.user("m2");
    let path = format!("/users/{}/role", m2.id);
    assert_eq!(
        m2.put(&path, &role("org_member", None)).await.problem(403),
        "role_not_assignable"
    );
    let _ = m2.put(&path, &role("user", None)).await.expect(200);
    let me = m2.get("/me").await.expect(200);
    assert_eq!(
        (&me["role"], &me["organization"]),
        (&json!("user"), &Value::Null)
    );
    assert_eq!(m2.get("/users").await.problem(403), "role_forbidden");
}

#[tokio::test]
async fn invalid_role_reports_every_field() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let (sa, m2) = (tenancy.user("sa"), tenancy.user("m2"));
    let path = format!("/users/{}/role", m2.id);
    let faults = async |body: Value| sa.put(&path, &body).await.faults();
    assert_eq!(
        faults(json!({ "role": "boss" })).await,
        ["/reason required", "/role unknown_value"]
    );
    assert_eq!(
        faults(json!({ "role": "user", "reason": " " })).await,
        ["/reason required"]
    );
    let a = Some(tenancy.organization("A"));
    assert_eq!(
        faults(role("super_admin", a)).await,
        ["/organization_id organization_mismatch"]
    );
    assert_eq!(faults(role("tenant_admin", a)).await, ["/role not_a_root"]);
    let u0 = format!("/users/{}/role", tenancy.user("u0").id);
    let answer = sa.put(&u0, &role("org_member", None)).await;
    assert_eq!(answer.problem(422), "organization_required");
    let answer = sa.put(&u0, &role("org_member", Some(Uuid::nil()))).await;
    assert_eq!(answer.problem(404), "not_found");
    let _ = sa.put(&u0, &role("org_member", a)).await.expect(200);
}

#[tokio::test]
async fn last_super_admin_cannot_be_demoted_or_deleted() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let sa = tenancy.user("sa");
    let leave = role("user", None);
    let own = format!("/users/{}/role", sa.id);
    assert_eq!(sa.put(&own, &leave).await.problem(409), "last_super_admin");

    let heir = format!("/users/{}/role", tenancy.user("u0").id);
    let _ = sa.put(&heir, &role("super_admin", None)).await.expect(200);
    let heir = service.anonymous().login("u0@example.com").await;
    let off = json!({ "is_active": false });
    let _ = heir
        .patch(&format!("/users/{}", sa.id), &off)
        .await
        .expect(200);
    assert_eq!(sa.get("/me").await.problem(401), "invalid_token");
    let own = format!("/users/{}/role", heir.id);
    assert_eq!(
        heir.put(&own, &leave).await.problem(409),
        "last_super_admin"
    );
    // An inactive super_admin does not count, and may be given a lower role.
    let gone = format!("/users/{}/role", sa.id);
    let _ = heir.put(&gone, &leave).await.expect(200);
}

#[tokio::test]
async fn removed_member_loses_organization_rows_and_stays_a_user() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let (oa, m2) = (tenancy.user("oA"), tenancy.user("m2"));
    let body = json!({ "symbol": "ACME", "access_level": "organization" });
    let made = m2.post("/companies", &body).await.expect(201);
    let path = format!("/users/{}", m2.id);
    let stale = oa.with("if-match", "\"7\"");
    assert_eq!(stale.delete(&path).await.problem(412), "stale");
    let _ = oa
        .delete(&format!("{path}?mode=remove_from_org&reason=moved%20on"))
        .await
        .expect(204);
    assert_eq!(m2.get("/me").await.problem(401), "invalid_token");
    let m2 = service.anonymous().login(&m2.email).await;
    assert_eq!(m2.get("/me").await.expect(200)["role"], "user");
    let company = format!("/companies/{}", made["id"].as_str().expect("an id"));
    assert_eq!(m2.get(&company).await.problem(404), "not_found");
    let kept = oa.get(&company).await.expect(200);
    assert_eq!(kept["created_by"], m2.id.to_string());
    assert_eq!(oa.delete(&path).await.problem(404), "not_found");
    assert_eq!(
        tenancy.user("sa").delete(&path).await.problem(409),
        "not_a_member"
    );
    assert_eq!(
        oa.delete("/users/7?mode=vanish").await.faults(),
        ["/mode unknown_value"]
    );
}
