//! `/me/mfa/totp`, `/auth/mfa`, `/users/{id}/mfa`, and organizations that require them

use std::time::{SystemTime, UNIX_EPOCH};

use accunode_tests::{Answer, PASSWORD, Service, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::support::{ask, run, text};

/// Resets the used time steps.
pub(super) const AFRESH: &str = "UPDATE user_totp SET last_step = 0";

/// Returns the current code of the device. The service also accepts it when the step has
/// just changed.
#[expect(
    clippy::disallowed_methods,
    reason = "the device has a clock of its own, as everyone's has"
)]
pub(super) fn shown(secret: &str) -> String {
    let secret = Secret::try_from_base32(secret).expect("base32");
    let totp = Builder::new()
        .with_secret(secret)
        .build()
        .expect("a secret");
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a time");
    totp.generate(now.as_secs()).to_string()
}

/// Returns another code of six digits.
fn other_than(code: &str) -> String {
    let number: u32 = code.parse().expect("digits");
    // It is unlikely to equal the codes of the adjacent steps.
    format!("{:06}", (number + 500_000) % 1_000_000)
}

/// Enrols a user who is signed in.
async fn enrol(user: &TestUser) -> (String, Vec<String>) {
    let made = user.post_nothing("/me/mfa/totp").await.expect(201);
    let secret = text(&made, "secret").to_owned();
    let uri = text(&made, "otpauth_uri");
    assert!(
        uri.starts_with("otpauth://totp/AccuNode:") && uri.contains(&secret),
        "{uri}"
    );
    let codes = made["recovery_codes"].as_array().expect("codes");
    let codes: Vec<String> = codes
        .iter()
        .map(|code| code.as_str().expect("a code").to_owned())
        .collect();
    assert_eq!(codes.len(), 10);
    let code = json!({ "code": shown(&secret) });
    let _ = user.post("/me/mfa/totp/confirm", &code).await.expect(204);
    (secret, codes)
}

pub(super) async fn password(service: &Service, email: &str) -> Answer {
    let body = json!({ "email": email, "password": PASSWORD });
    service.anonymous().post("/auth/login", &body).await
}

pub(super) async fn mfa_token(service: &Service, email: &str) -> String {
    let asked = password(service, email).await.expect(200);
    assert!(asked["access_token"].is_null(), "{asked}");
    assert_eq!(asked["expires_in"], 300);
    text(&asked, "mfa_token").to_owned()
}

pub(super) async fn show(service: &Service, token: &str, code: &str) -> Answer {
    let body = json!({ "mfa_token": token, "code": code });
    service.anonymous().post("/auth/mfa", &body).await
}

#[tokio::test]
async fn user_with_a_second_factor_cannot_sign_in_without_it() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let (secret, _) = enrol(&ana).await;
    run(&pool, AFRESH).await;
    let token = mfa_token(&service, "ana@example.com").await;
    let someone = service.anonymous().with_token(&token);
    assert_eq!(someone.get("/me").await.problem(401), "invalid_token");

    let code = shown(&secret);
    let wrong = show(&service, &token, &other_than(&code)).await;
    assert_eq!(wrong.problem(401), "invalid_code");
    let signed_in = show(&service, &token, &code).await.expect(200);
    assert_eq!(signed_in["user"]["id"], ana.id.to_string());
    let again = service
        .anonymous()
        .with_token(text(&signed_in, "access_token"));
    let _ = again.get("/me").await.expect(200);
    // The wait has ended with the session.
    assert_eq!(
        show(&service, &token, &code).await.problem(401),
        "token_expired"
    );
}

#[tokio::test]
async fn totp_code_is_valid_once_even_for_concurrent_logins() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let (secret, _) = enrol(&ana).await;
    let first = mfa_token(&service, "ana@example.com").await;
    let second = mfa_token(&service, "ana@example.com").await;
    run(&pool, AFRESH).await;
    let code = shown(&secret);
    let (a, b) = tokio::join!(
        show(&service, &first, &code),
        show(&service, &second, &code)
    );
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401], "{} {}", a.text, b.text);
    let third = mfa_token(&service, "ana@example.com").await;
    assert_eq!(
        show(&service, &third, &code).await.problem(401),
        "invalid_code"
    );
}

#[tokio::test]
async fn code_that_confirmed_the_enrolment_cannot_sign_in() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let made = ana.post_nothing("/me/mfa/totp").await.expect(201);
    let code = shown(text(&made, "secret"));
    let body = json!({ "code": code });
    let _ = ana.post("/me/mfa/totp/confirm", &body).await.expect(204);
    let token = mfa_token(&service, "ana@example.com").await;
    assert_eq!(
        show(&service, &token, &code).await.problem(401),
        "invalid_code"
    );
}

#[tokio::test]
async fn recovery_code_is_valid_once() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let (_, codes) = enrol(&ana).await;
    let token = mfa_token(&service, "ana@example.com").await;
    let typed = codes[3].to_lowercase().replace('-', " ");
    let _ = show(&service, &token, &typed).await.expect(200);
    let token = mfa_token(&service, "ana@example.com").await;
    assert_eq!(
        show(&service, &token, &codes[3]).await.problem(401),
        "invalid_code"
    );
    let _ = show(&service, &token, &codes[4]).await.expect(200);
}

#[tokio::test]
async fn pending_login_allows_five_codes_and_further_guesses_lock_out() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let (_, codes) = enrol(&ana).await;
    let token = mfa_token(&service, "ana@example.com").await;
    for _ in 0..5 {
        assert_eq!(
            show(&service, &token, "000-000").await.problem(401),
            "invalid_code"
        );
    }
    assert_eq!(
        show(&service, &token, &codes[0]).await.problem(401),
        "token_expired"
    );
    // Another login does not help: the user's failures count, not the login's.
    let token = mfa_token(&service, "ana@example.com").await;
    let slowed = show(&service, &token, &codes[0]).await;
    assert_eq!(slowed.problem(429), "locked_out");
    assert!(!slowed.header("retry-after").is_empty());
}

#[tokio::test]
async fn pending_login_expires_after_five_minutes() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let (_, codes) = enrol(&ana).await;
    let token = mfa_token(&service, "ana@example.com").await;
    let pool = service.database.superuser().await;
    run(&pool, "UPDATE login_challenges SET expires_at = now()").await;
    assert_eq!(
        show(&service, &token, &codes[0]).await.problem(401),
        "token_expired"
    );
}

#[tokio::test]
async fn unconfirmed_second_factor_is_not_requested() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let first = ana.post_nothing("/me/mfa/totp").await.expect(201);
    let second = ana.post_nothing("/me/mfa/totp").await.expect(201);
    assert_ne!(first["secret"], second["secret"]);
    let _ = service.anonymous().login("ana@example.com").await;
    let old = json!({ "code": shown(text(&first, "secret")) });
    let answer = ana.post("/me/mfa/totp/confirm", &old).await;
    assert_eq!(answer.problem(422), "invalid_code");
    let new = json!({ "code": shown(text(&second, "secret")) });
    let elsewhere = service.anonymous().login("ana@example.com").await;
    let _ = ana.post("/me/mfa/totp/confirm", &new).await.expect(204);
    assert_eq!(elsewhere.get("/me").await.problem(401), "invalid_token");
    let _ = ana.get("/me").await.expect(200);
    assert_eq!(
        ana.post("/me/mfa/totp/confirm", &new).await.problem(409),
        "already_enrolled"
    );
    assert_eq!(
        ana.post_nothing("/me/mfa/totp").await.problem(409),
        "already_enrolled"
    );
    let mail = service.last_mail_to("ana@example.com").await;
    assert_eq!(mail.subject, "A second factor was added");
}

#[tokio::test]
async fn second_factor_is_added_and_removed_only_with_a_recent_proof() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    service.age_sessions(&ana, 16 * 60).await;
    let refused = ana.post_nothing("/me/mfa/totp").await;
    assert_eq!(refused.problem(401), "step_up_required");
    assert!(
        refused
            .header("www-authenticate")
            .contains(r#"error="insufficient_user_authentication", max_age=900"#),
        "{:?}",
        refused.headers
    );
    let step_up = json!({ "password": PASSWORD });
    let ana = ana.step_up(&step_up).await;
    let (secret, codes) = enrol(&ana).await;

    // From now on the password alone is not a proof.
    let alone = ana.post("/auth/step-up", &step_up).await;
    assert_eq!(alone.faults(), ["/code required"]);
    run(&pool, AFRESH).await;
    let code = shown(&secret);
    let wrong = json!({ "password": PASSWORD, "code": other_than(&code) });
    assert_eq!(
        ana.post("/auth/step-up", &wrong).await.problem(401),
        "invalid_code"
    );
    let right = json!({ "password": PASSWORD, "code": code });
    let ana = ana.step_up(&right).await;
    assert_eq!(
        ana.post("/auth/step-up", &right).await.problem(401),
        "invalid_code"
    );
    let recovery = json!({ "password": PASSWORD, "code": codes[0] });
    service.age_sessions(&ana, 16 * 60).await;
    assert_eq!(
        ana.delete("/me/mfa/totp").await.problem(401),
        "step_up_required"
    );
    let ana = ana.step_up(&recovery).await;
    let _ = ana.delete("/me/mfa/totp").await.expect(204);
    assert_eq!(
        ana.delete("/me/mfa/totp").await.problem(409),
        "not_enrolled"
    );
    let _ = service.anonymous().login("ana@example.com").await;
    let left: i64 = ask(&pool, "SELECT count(*) FROM recovery_codes").await;
    assert_eq!(left, 0);
}

#[tokio::test]
async fn totp_secret_is_sealed_codes_are_hashed_and_neither_is_audited() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let (secret, codes) = enrol(&ana).await;
    let token = mfa_token(&service, "ana@example.com").await;
    let _ = show(&service, &token, &codes[0]).await.expect(200);
    let bytes = Secret::try_from_base32(&secret).expect("base32");
    let kept: Vec<u8> = ask(&pool, "SELECT secret FROM user_totp").await;
    assert!(!kept.windows(8).any(|part| part == &bytes[..8]));
    let all: String = ask(
        &pool,
        "SELECT concat((SELECT string_agg(r::text, '') FROM recovery_codes r), \
                       (SELECT string_agg(c::text, '') FROM login_challenges c), \
                       (SELECT string_agg(l::text, '') FROM audit_logs l))",
    )
    .await;
    for secret in codes.iter().chain([&secret, &token]) {
        assert!(!all.contains(secret.as_str()), "{secret}: {all}");
    }
    let events: Value = ask(
        &pool,
        "SELECT jsonb_agg(event_type ORDER BY created_at, id) FROM audit_logs WHERE event_type LIKE '%factor%' OR metadata ->> 'second_factor' IS NOT NULL",
    )
    .await;
    let expected = [
        "user.second_factor_made",
        "user.second_factor_confirmed",
        "session.started",
    ];
    assert_eq!(events, json!(expected));
}

#[tokio::test]
async fn required_second_factor_leaves_only_the_own_profile_accessible() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let (member, admin, root) = (tenancy.user("m1"), tenancy.user("oA"), tenancy.user("tR"));
    let path = format!("/organizations/{}", tenancy.organization("A"));
    let asks = json!({ "require_second_factor": true });
    assert_eq!(
        admin.patch(&path, &asks).await.problem(403),
        "field_forbidden"
    );
    let changed = root.patch(&path, &asks).await.expect(200);
    assert_eq!(changed["require_second_factor"], true);

    for closed in ["/companies", "/dashboard", "/users", "/models"] {
        let answer = member.get(closed).await;
        assert_eq!(answer.problem(403), "second_factor_required", "{closed}");
    }
    let me = member.get("/me").await.expect(200);
    assert_eq!(me["organization"]["require_second_factor"], true);
    let _ = member.get("/me/sessions").await.expect(200);
    // Neither the root's own members nor another child's are affected.
    let _ = root.get("/companies").await.expect(200);
    let _ = tenancy.user("mB").get("/companies").await.expect(200);

    enrol(member).await;
    let _ = member.get("/companies").await.expect(200);
    let _ = member.delete("/me/mfa/totp").await.expect(204);
    let answer = member.get("/companies").await;
    assert_eq!(answer.problem(403), "second_factor_required");
}

#[tokio::test]
async fn key_made_before_the_requirement_works_once_its_owner_enrols() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let (member, root) = (tenancy.user("m1"), tenancy.user("tR"));
    let a = tenancy.organization("A");
    let key_of = async |owner: &TestUser, organization: Option<uuid::Uuid>| {
        let wanted = json!({ "name": "n", "scopes": ["read"], "organization_id": organization });
        let made = owner.post("/api-keys", &wanted).await.expect(201);
        owner.with_token(text(&made, "secret"))
    };
    let keys = [key_of(member, None).await, key_of(member, Some(a)).await];
    // The requirement of A does not apply to its root, also if the key is bound to A.
    let others = [key_of(root, None).await, key_of(root, Some(a)).await];
    let asks = json!({ "require_second_factor": true });
    let organization = format!("/organizations/{a}");
    let _ = root.patch(&organization, &asks).await.expect(200);
    let refused = async || {
        for key in &keys {
            let answer = key.get("/companies").await;
            assert_eq!(answer.problem(403), "second_factor_required");
            // The response contains the remedy, and the caller can still read their own
            // account.
            assert!(answer.text.contains("/me/mfa/totp"), "{}", answer.text);
            let _ = key.get("/me").await.expect(200);
        }
    };
    refused().await;
    for key in &others {
        let _ = key.get("/companies").await.expect(200);
    }
    // An unconfirmed factor does not count.
    let _ = member.post_nothing("/me/mfa/totp").await.expect(201);
    refused().await;
    enrol(member).await;
    for key in &keys {
        let _ = key.get("/companies").await.expect(200);
    }
    let _ = member.delete("/me/mfa/totp").await.expect(204);
    refused().await;
}

#[tokio::test]
async fn an_administrator_removes_the_second_factor_of_a_lost_device() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let (member, admin) = (tenancy.user("m1"), tenancy.user("oA"));
    enrol(member).await;
    let path = format!("/users/{}/mfa", member.id);
    for (who, status) in [("m2", 403), ("mB", 404), ("tZ", 404), ("u0", 404)] {
        let _ = tenancy.user(who).delete(&path).await.expect(status);
    }
    service.age_sessions(admin, 16 * 60).await;
    assert_eq!(admin.delete(&path).await.problem(401), "step_up_required");
    let step_up = json!({ "password": PASSWORD });
    let admin = admin.step_up(&step_up).await;
    let _ = admin.delete(&path).await.expect(204);
    // A second time there is nothing to remove, and nothing to notify about.
    let _ = admin.delete(&path).await.expect(204);
    assert_eq!(member.get("/me").await.problem(401), "invalid_token");
    let _ = service.anonymous().login("m1@example.com").await;
    let pool = service.database.superuser().await;
    let event: Value = ask(
        &pool,
        "SELECT to_jsonb(l) FROM audit_logs l WHERE event_type = 'user.second_factor_removed'",
    )
    .await;
    assert_eq!(event["entity_id"], member.id.to_string());
    assert_eq!(event["user_id"], admin.id.to_string());
    assert!(event["organization_id"].is_string(), "{event}");
}
