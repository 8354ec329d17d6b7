//! Second factors that count only after an administrator has approved them.

use accunode_tests::{PASSWORD, Service, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};
use uuid::Uuid;

use super::second_factor::{AFRESH, mfa_token, password, show, shown};
use crate::support::{ask, column, run, text};

/// A tenancy whose organization A requires second factors and their approval.
async fn demanding() -> (Service, Tenancy) {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let root = tenancy.user("tR");
    let path = format!("/organizations/{}", tenancy.organization("A"));
    let approval = json!({ "second_factor_approval": true });
    let changed = root.patch(&path, &approval).await.expect(200);
    assert_eq!(changed["second_factor_approval"], true);
    // Its own administrators cannot switch it off.
    let dropped = json!({ "second_factor_approval": false });
    let refused = tenancy.user("oA").patch(&path, &dropped).await;
    assert_eq!(refused.problem(403), "field_forbidden");
    let demand = json!({ "require_second_factor": true });
    let _ = root.patch(&path, &demand).await.expect(200);
    (service, tenancy)
}

/// Enrols a second factor and sends the first code. Returns the secret and the id of the enrolment.
async fn enrol(service: &Service, user: &TestUser) -> (String, Uuid) {
    let made = user.post_nothing("/me/mfa/totp").await.expect(201);
    let secret = text(&made, "secret").to_owned();
    let pool = service.database.superuser().await;
    run(&pool, AFRESH).await;
    let code = json!({ "code": shown(&secret) });
    let waits = user.post("/me/mfa/totp/confirm", &code).await.expect(202);
    assert_eq!(waits["status"], "pending_approval");
    let enrolment = text(&waits, "enrolment_id").parse().expect("an id");
    let state = user.get("/me/mfa").await.expect(200);
    assert_eq!(state, waits);
    (secret, enrolment)
}

fn decision(enrolment: Uuid, decision: &str) -> Value {
    json!({ "enrolment_id": enrolment, "decision": decision, "reason": "compared on the telephone" })
}

fn pending(tenancy: &Tenancy) -> String {
    format!(
        "/organizations/{}/second-factor-enrolments",
        tenancy.organization("A")
    )
}

#[tokio::test]
async fn pending_second_factor_grants_nothing_and_locks_no_one_out() {
    let (service, tenancy) = demanding().await;
    let member = tenancy.user("m1");
    let (_, enrolment) = enrol(&service, member).await;
    for closed in ["/companies", "/me/export", "/api-keys", "/users"] {
        let answer = member.get(closed).await;
        assert_eq!(answer.problem(403), "second_factor_required", "{closed}");
    }
    // The password alone signs in as before, with the same rights as before.
    let elsewhere = service.anonymous().login(&member.email).await;
    assert_eq!(
        elsewhere.get("/companies").await.problem(403),
        "second_factor_required"
    );
    let stepped = elsewhere.step_up(&json!({ "password": PASSWORD })).await;
    assert_eq!(
        stepped.get("/companies").await.problem(403),
        "second_factor_required"
    );
    // The user can enrol another device instead of an attacker's, which is a new enrolment.
    let (_, other) = enrol(&service, &stepped).await;
    assert_ne!(enrolment, other);
    let admin = service.anonymous().login("oa@example.com").await;
    let pool = service.database.superuser().await;
    run(
        &pool,
        "UPDATE organizations SET require_second_factor = false",
    )
    .await;
    let path = format!("/users/{}/mfa/approval", member.id);
    let stale = admin.post(&path, &decision(enrolment, "approve")).await;
    assert_eq!(stale.problem(404), "not_found");
    let listed = admin.get(&pending(&tenancy)).await.expect(200);
    assert_eq!(column(&listed, "enrolment_id"), [other.to_string()]);
}

#[tokio::test]
async fn approved_second_factor_counts_and_both_sides_are_notified() {
    let (service, tenancy) = demanding().await;
    let member = tenancy.user("m1");
    let (secret, enrolment) = enrol(&service, member).await;
    let notice = service.last_mail_to("m1@example.com").await;
    assert_eq!(notice.subject, "Your second factor waits for approval");
    for approver in ["oa@example.com", "tr@example.com"] {
        let asked = service.last_mail_to(approver).await;
        assert_eq!(asked.subject, "A second factor waits for your approval");
        assert!(asked.text.contains("m1@example.com"), "{}", asked.text);
    }
    let root = tenancy.user("tR");
    let listed = root.get(&pending(&tenancy)).await.expect(200);
    let first = &listed["data"][0];
    assert_eq!(first["enrolment_id"], enrolment.to_string());
    assert_eq!(first["email"], "m1@example.com");
    assert_eq!(first["ip_address"], "127.0.0.1");
    let path = format!("/users/{}/mfa/approval", member.id);
    let _ = root
        .post(&path, &decision(enrolment, "approve"))
        .await
        .expect(204);
    assert_eq!(
        service.last_mail_to("m1@example.com").await.subject,
        "Your second factor was approved"
    );
    assert_eq!(
        service.last_mail_to("tr@example.com").await.subject,
        "You approved a second factor"
    );
    // Sessions without it have ended, and it is now requested.
    assert_eq!(member.get("/me").await.problem(401), "invalid_token");
    let alone = password(&service, "m1@example.com").await.expect(200);
    assert!(alone["access_token"].is_null(), "{alone}");
    let pool = service.database.superuser().await;
    run(&pool, AFRESH).await;
    let token = mfa_token(&service, "m1@example.com").await;
    let signed_in = show(&service, &token, &shown(&secret)).await.expect(200);
    let member = member.with_token(text(&signed_in, "access_token"));
    let _ = member.get("/companies").await.expect(200);
    let state = member.get("/me/mfa").await.expect(200);
    assert_eq!(state["status"], "active");
    // After a decision nothing waits.
    let again = root.post(&path, &decision(enrolment, "refuse")).await;
    assert_eq!(again.problem(404), "not_found");
    let events: Value = ask(
        &pool,
        "SELECT jsonb_agg(jsonb_build_array(event_type, actor_email, metadata ->> 'reason') ORDER BY created_at, id) \
         FROM audit_logs WHERE event_type LIKE 'user.second_factor%' AND entity_id = (SELECT id FROM users WHERE email = 'm1@example.com')",
    )
    .await;
    assert_eq!(
        events,
        json!([
            ["user.second_factor_made", "m1@example.com", null],
            ["user.second_factor_pending", "m1@example.com", null],
            [
                "user.second_factor_approved",
                "tr@example.com",
                "compared on the telephone"
            ],
        ])
    );
}

#[tokio::test]
async fn refused_second_factor_is_removed_and_both_sides_are_notified() {
    let (service, tenancy) = demanding().await;
    let member = tenancy.user("m1");
    let (_, enrolment) = enrol(&service, member).await;
    let root = tenancy.user("tR");
    let path = format!("/users/{}/mfa/approval", member.id);
    let _ = root
        .post(&path, &decision(enrolment, "refuse"))
        .await
        .expect(204);
    assert_eq!(
        service.last_mail_to("m1@example.com").await.subject,
        "Your second factor was refused"
    );
    assert_eq!(
        service.last_mail_to("tr@example.com").await.subject,
        "You refused a second factor"
    );
    let state = member.get("/me/mfa").await.expect(200);
    assert_eq!(state, json!({ "status": "none", "enrolment_id": null }));
    let pool = service.database.superuser().await;
    let left: i64 = ask(&pool, "SELECT count(*) FROM recovery_codes").await;
    assert_eq!(left, 0);
}

#[tokio::test]
async fn only_administrators_with_a_recent_proof_decide_approvals() {
    let (service, tenancy) = demanding().await;
    let pool = service.database.superuser().await;
    let member = tenancy.user("m1");
    let admin = tenancy.user("oA");
    let (_, of_member) = enrol(&service, member).await;
    let (_, of_admin) = enrol(&service, admin).await;
    run(
        &pool,
        "UPDATE organizations SET require_second_factor = false",
    )
    .await;
    let path = |user: &TestUser| format!("/users/{}/mfa/approval", user.id);
    // Users cannot decide on their own enrolment, on a colleague's, or on that of another tenant.
    for (who, whose, enrolment, status) in [
        ("m1", member, of_member, 403),
        ("m2", member, of_member, 403),
        ("oA", admin, of_admin, 403),
        ("mB", member, of_member, 404),
        ("tZ", member, of_member, 404),
        ("u0", member, of_member, 404),
    ] {
        let user = tenancy.user(who);
        let answer = user
            .post(&path(whose), &decision(enrolment, "approve"))
            .await;
        assert_eq!(answer.status.as_u16(), status, "{who}: {}", answer.text);
    }
    // An org_admin sees the enrolments of users below their rank, a tenant_admin also the
    // org_admin's.
    let shown_to = async |who: &str| {
        let listed = tenancy.user(who).get(&pending(&tenancy)).await.expect(200);
        column(&listed, "email")
    };
    assert_eq!(shown_to("oA").await, ["m1@example.com"]);
    assert_eq!(shown_to("tR").await, ["m1@example.com", "oa@example.com"]);
    assert_eq!(shown_to("sa").await, ["m1@example.com", "oa@example.com"]);
    let members = tenancy.user("m2").get(&pending(&tenancy)).await;
    assert_eq!(members.problem(403), "role_forbidden");

    service.age_sessions(admin, 16 * 60).await;
    let old = admin
        .post(&path(member), &decision(of_member, "approve"))
        .await;
    assert_eq!(old.problem(401), "step_up_required");
    let admin = admin.step_up(&json!({ "password": PASSWORD })).await;
    let _ = admin
        .post(&path(member), &decision(of_member, "approve"))
        .await
        .expect(204);
}

#[tokio::test]
async fn repeated_enrolment_notifies_administrators_once() {
    let (service, tenancy) = demanding().await;
    let member = tenancy.user("m1");
    for _ in 0..3 {
        let _ = enrol(&service, member).await;
    }
    let removed = member.delete("/me/mfa/totp").await;
    assert_eq!(removed.problem(403), "second_factor_required");
    let mails = service.mails_to("oa@example.com").await;
    let asked = mails
        .iter()
        .filter(|mail| mail.subject == "A second factor waits for your approval");
    assert_eq!(asked.count(), 1);
}

#[tokio::test]
async fn second_factor_is_confirmed_directly_once_approval_is_not_required() {
    let (service, tenancy) = demanding().await;
    let member = tenancy.user("m1");
    let made = member.post_nothing("/me/mfa/totp").await.expect(201);
    let pool = service.database.superuser().await;
    let secret = text(&made, "secret");
    let code = json!({ "code": shown(secret) });
    let _ = member.post("/me/mfa/totp/confirm", &code).await.expect(202);
    let twice = member.post("/me/mfa/totp/confirm", &code).await;
    assert_eq!(twice.problem(409), "approval_pending");
    // If the requirement is dropped in the meantime, a code confirms the device.
    let path = format!("/organizations/{}", tenancy.organization("A"));
    let dropped = json!({ "second_factor_approval": false });
    let _ = tenancy.user("tR").patch(&path, &dropped).await.expect(200);
    run(&pool, AFRESH).await;
    let code = json!({ "code": shown(secret) });
    let _ = member.post("/me/mfa/totp/confirm", &code).await.expect(204);
    let _ = member.get("/companies").await.expect(200);
}
