//! `PATCH /users/{id}`, `DELETE /users/{id}/sessions`

use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::{Value, json};

use crate::support::{ask, run};

#[tokio::test]
async fn user_changes_their_own_names_but_no_other_field() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let m2 = tenancy.user("m2");
    let path = format!("/users/{}", m2.id);
    let body = json!({ "first_name": " Ada ", "phone": "+44 20" });
    let answer = m2.patch(&path, &body).await;
    let ada = answer.expect(200);
    assert_eq!(
        (&ada["first_name"], &ada["phone"]),
        (&json!("Ada"), &json!("+44 20"))
    );
    assert_eq!(answer.header("etag"), "\"2\"");
    let emptied = m2.patch(&path, &json!({ "phone": null })).await.expect(200);
    assert_eq!(
        (&emptied["first_name"], &emptied["phone"]),
        (&json!("Ada"), &Value::Null)
    );

    let answer = m2.patch(&path, &json!({ "is_active": false })).await;
    assert_eq!(answer.problem(403), "rank_too_low");
    let forged = json!({ "role": "super_admin", "organization_id": null, "email": "x@y.com", "is_verified": true });
    let mut faults = m2.patch(&path, &forged).await.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/email unknown_field",
            "/is_verified unknown_field",
            "/organization_id unknown_field",
            "/role unknown_field"
        ]
    );
    let wrong =
        json!({ "first_name": "x".repeat(101), "last_name": "a\u{0}b", "phone": "1".repeat(21) });
    let mut faults = m2.patch(&path, &wrong).await.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/first_name too_long",
            "/last_name control_character",
            "/phone too_long"
        ]
    );
}

#[tokio::test]
async fn change_of_a_stale_user_version_is_refused() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let path = format!("/users/{}", tenancy.user("m2").id);
    let late = tenancy.user("oA").with("if-match", "\"1\"");
    let body = |name: &str| json!({ "first_name": name });
    let _ = late.patch(&path, &body("Ada")).await.expect(200);
    assert_eq!(late.patch(&path, &body("Eve")).await.problem(412), "stale");
    // A request that changes nothing creates no new version and no audit event.
    let same = tenancy.user("oA").patch(&path, &body("Ada")).await;
    assert_eq!(same.header("etag"), "\"2\"");
    let pool = service.database.superuser().await;
    let event_count: i64 = ask(
        &pool,
        "SELECT count(*) FROM audit_logs WHERE event_type = 'user.updated'",
    )
    .await;
    assert_eq!(event_count, 1);
}

#[tokio::test]
async fn deactivated_user_is_signed_out_until_reactivated() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let (oa, m2) = (tenancy.user("oA"), tenancy.user("m2"));
    let path = format!("/users/{}", m2.id);
    let body = json!({ "is_active": false, "reason": "left the bank" });
    let out = oa.patch(&path, &body).await.expect(200);
    assert_eq!(out["is_active"], false);
    assert_eq!(m2.get("/me").await.problem(401), "invalid_token");
    let sessions = service.wired().application.ports().sessions.clone();
    let left = sessions.list(accunode_domain::id::UserId(m2.id)).await;
    assert!(left.expect("the sessions").is_empty());
    let login = json!({ "email": m2.email, "password": accunode_tests::PASSWORD });
    assert_eq!(
        service
            .anonymous()
            .post("/auth/login", &login)
            .await
            .problem(401),
        "invalid_credentials"
    );
    let _ = oa
        .patch(&path, &json!({ "is_active": true }))
        .await
        .expect(200);
    let again = service.anonymous().login(&m2.email).await;
    let _ = again.get("/companies").await.expect(200);
    let pool = service.database.superuser().await;
    let events: Value = ask(
        &pool,
        "SELECT jsonb_agg(jsonb_build_array(event_type, old_values->'is_active', new_values->'is_active', \
         metadata->'reason', organization_id IS NOT NULL) ORDER BY created_at) \
         FROM audit_logs WHERE entity_type = 'user' AND action = 'UPDATE'",
    )
    .await;
    assert_eq!(
        events,
        json!([
            ["user.deactivated", true, false, "left the bank", true],
            ["user.activated", false, true, null, true]
        ])
    );
}

#[tokio::test]
async fn administrator_ends_the_sessions_of_lower_ranks() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let m2 = tenancy.user("m2");
    let elsewhere = service.anonymous().login(&m2.email).await;
    let path = format!("/users/{}/sessions", m2.id);
    let _ = tenancy.user("oA").delete(&path).await.expect(204);
    for user in [m2, &elsewhere] {
        assert_eq!(user.get("/me").await.problem(401), "invalid_token");
    }
    let again = service.anonymous().login(&m2.email).await;
    let _ = again.get("/me").await.expect(200);
    let pool = service.database.superuser().await;
    let event: Value = ask(
        &pool,
        "SELECT jsonb_build_array(action, metadata->'sessions') FROM audit_logs \
         WHERE event_type = 'user.sessions_ended'",
    )
    .await;
    assert_eq!(event, json!(["LOGOUT", 2]));
}

#[tokio::test]
async fn administrator_who_lost_their_rights_changes_no_one() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let pool = service.database.superuser().await;
    run(
        &pool,
        "UPDATE users SET role = 'org_member' WHERE email = 'oa@example.com'",
    )
    .await;
    let path = format!("/users/{}", tenancy.user("m2").id);
    let answer = tenancy
        .user("oA")
        .patch(&path, &json!({ "is_active": false }))
        .await;
    assert_eq!(answer.problem(403), "rank_too_low");
}

#[tokio::test]
async fn administrator_lists_sessions_and_forces_a_password_reset() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let (oa, m2) = (tenancy.user("oA"), tenancy.user("m2"));
    let path = format!("/users/{}", m2.id);
    let page = oa.get(&format!("{path}/sessions")).await.expect(200);
    assert_eq!(page["data"].as_array().expect("rows").len(), 1);
    assert_eq!(page["data"][0]["ip_address"], "127.0.0.1");
    assert_eq!(page["data"][0]["current"], false);
    let reset = format!("{path}/password-reset");
    let answer = oa.post_nothing(&reset).await;
    assert_eq!(answer.status.as_u16(), 202);
    let mail = service.last_mail_to(&m2.email).await;
    assert!(answer.text.is_empty(), "{}", answer.text);
    let body = json!({ "token": mail.token(), "password": "four unrelated words here" });
    let _ = service
        .anonymous()
        .post("/auth/password/reset", &body)
        .await
        .expect(204);
    assert_eq!(m2.get("/me").await.problem(401), "invalid_token");
    assert_eq!(
        tenancy.user("m1").post_nothing(&reset).await.problem(403),
        "rank_too_low"
    );
    let pool = service.database.superuser().await;
    let events: Value = ask(
        &pool,
        &format!(
            "SELECT jsonb_agg(event_type ORDER BY created_at) FROM audit_logs \
             WHERE entity_id = '{}' AND user_id = '{}' AND action <> 'DENIED'",
            m2.id, oa.id
        ),
    )
    .await;
    assert_eq!(
        events,
        json!(["user.sessions_read", "user.password_reset_requested"])
    );
}
