//! `POST /auth/password/forgot`, `/auth/password/reset`, `/me/password`

use accunode_tests::{Answer, PASSWORD, Service, ServiceOptions, TestUser};
use serde_json::{Value, json};

use crate::support::{ask, run, text};

const OTHER: &str = "seven grey herons on a pier";

async fn forgot(service: &Service, email: &str) -> Answer {
    let body = json!({ "email": email });
    service
        .anonymous()
        .post("/auth/password/forgot", &body)
        .await
}

async fn reset(service: &Service, token: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "password": password });
    service
        .anonymous()
        .post("/auth/password/reset", &body)
        .await
}

async fn login(service: &Service, password: &str) -> Answer {
    let body = json!({ "email": "ana@example.com", "password": password });
    service.anonymous().post("/auth/login", &body).await
}

async fn change(user: &TestUser, current: &str, new: &str) -> Answer {
    let body = json!({ "current_password": current, "new_password": new });
    user.post("/me/password", &body).await
}

#[tokio::test]
async fn password_reset_replaces_the_password_and_ends_every_session() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let elsewhere = service.anonymous().login("ana@example.com").await;
    let _ = forgot(&service, "ana@example.com").await.expect(202);
    let mail = service.last_mail_to("ana@example.com").await;
    let _ = reset(&service, &mail.token(), OTHER).await.expect(204);
    for user in [&ana, &elsewhere] {
        assert_eq!(user.get("/me").await.problem(401), "invalid_token");
    }
    assert_eq!(
        login(&service, PASSWORD).await.problem(401),
        "invalid_credentials"
    );
    let _ = login(&service, OTHER).await.expect(200);
    let notice = service.last_mail_to("ana@example.com").await;
    assert_eq!(notice.subject, "Your password was changed");
    assert!(!notice.text.contains(OTHER) && !notice.text.contains("token"));
}

#[tokio::test]
async fn reset_token_is_valid_once_and_survives_a_weak_password() {
    let service = Service::start().await;
    service.user("ana").await;
    let _ = forgot(&service, "ana@example.com").await.expect(202);
    let token = service.last_mail_to("ana@example.com").await.token();
    let weak = reset(&service, &token, "password123").await;
    assert_eq!(weak.problem(422), "weak_password");
    assert_eq!(weak.faults(), ["/password weak_password"]);
    let (a, b) = tokio::join!(
        reset(&service, &token, OTHER),
        reset(&service, &token, "another grey heron on a pier")
    );
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 410]);
    assert_eq!(
        reset(&service, &token, OTHER).await.problem(410),
        "token_expired"
    );
}

#[tokio::test]
async fn inactive_user_gets_no_reset_mail_and_cannot_reset() {
    let service = Service::start().await;
    service.user("ana").await;
    let _ = forgot(&service, "ana@example.com").await.expect(202);
    let token = service.last_mail_to("ana@example.com").await.token();
    let pool = service.database.superuser().await;
    run(&pool, "UPDATE users SET is_active = false; UPDATE user_tokens SET created_at = created_at - interval '1 hour'").await;
    assert_eq!(
        reset(&service, &token, OTHER).await.problem(410),
        "token_expired"
    );
    let _ = forgot(&service, "ana@example.com").await.expect(202);
    assert_eq!(service.mails_to("ana@example.com").await.len(), 1);
}

#[tokio::test]
async fn an_unknown_address_gets_the_same_answer_and_no_mail() {
    let service = Service::start().await;
    service.user("ana").await;
    for email in ["ana@example.com", "unknown@example.com", "no address", ""] {
        let answer = forgot(&service, email).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text.as_str()),
            (202, ""),
            "{email}"
        );
    }
    assert_eq!(service.mails_to("ana@example.com").await.len(), 1);
    assert!(service.mails_to("unknown@example.com").await.is_empty());
}

#[tokio::test]
async fn password_change_ends_the_other_sessions_only() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let elsewhere = service.anonymous().login("ana@example.com").await;
    assert_eq!(
        change(&ana, "not my password", OTHER).await.problem(401),
        "wrong_password"
    );
    let weak = change(&ana, PASSWORD, "ana@example.com").await;
    assert_eq!(weak.faults(), ["/new_password weak_password"]);
    assert_eq!(
        change(&ana, PASSWORD, PASSWORD).await.problem(422),
        "weak_password"
    );
    let _ = elsewhere.get("/me").await.expect(200);
    let _ = change(&ana, PASSWORD, OTHER).await.expect(204);
    let _ = ana.get("/me").await.expect(200);
    assert_eq!(elsewhere.get("/me").await.problem(401), "invalid_token");
    let _ = login(&service, OTHER).await.expect(200);
    assert_eq!(
        login(&service, PASSWORD).await.problem(401),
        "invalid_credentials"
    );
}

#[tokio::test]
async fn common_passwords_are_refused_for_new_accounts() {
    let service = Service::start().await;
    for password in [
        "password123",
        "P@ssw0rd2024",
        "1234567890",
        "eve.adams99",
        "accunode12",
    ] {
        let body = json!({ "email": "eve.adams@example.com", "password": password });
        let answer = service.anonymous().post("/auth/register", &body).await;
        assert_eq!(answer.problem(422), "weak_password", "{password}");
        assert!(!answer.text.contains(password), "{}", answer.text);
    }
    let long = "ł".repeat(60) + &"ab7 ".repeat(17);
    let body = json!({ "email": "eve.adams@example.com", "password": long });
    let _ = service
        .anonymous()
        .post("/auth/register", &body)
        .await
        .expect(201);
}

#[tokio::test]
async fn stronger_hashing_settings_rehash_at_the_next_login() {
    let options = ServiceOptions::default()
        .with("password_hashing.memory_kib", "1024")
        .with("password_hashing.iterations", "3");
    let service = Service::with(options).await;
    service.user("ana").await;
    let pool = service.database.superuser().await;
    let hash = "SELECT password_hash FROM users";
    let kept: String = ask(&pool, hash).await;
    assert!(kept.starts_with("$argon2id$v=19$m=1024,t=3,p=1$"), "{kept}");
    // A hash of an older, cheaper configuration.
    let hasher = accunode_local::Argon2Hasher::new(accunode_local::HashingSettings {
        memory_kib: 64,
        iterations: 1,
        ..accunode_local::HashingSettings::default()
    })
    .expect("a hasher");
    let password = accunode_domain::user::Password::attempt(PASSWORD).expect("a password");
    let old = accunode_ports::system::PasswordHasher::hash(&hasher, password);
    let old = old.await.expect("a hash");
    run(&pool, &format!("UPDATE users SET password_hash = '{old}'")).await;
    let version: i64 = ask(&pool, "SELECT row_version FROM users").await;
    let _ = login(&service, PASSWORD).await.expect(200);
    let renewed: String = ask(&pool, hash).await;
    assert!(
        renewed.starts_with("$argon2id$v=19$m=1024,t=3,p=1$"),
        "{renewed}"
    );
    let same: i64 = ask(&pool, "SELECT row_version FROM users").await;
    assert_eq!(same, version, "a login is no change of the user");
}

#[tokio::test]
async fn password_changes_are_audited_without_the_passwords() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let _ = change(&ana, PASSWORD, OTHER).await.expect(204);
    let _ = forgot(&service, "ana@example.com").await.expect(202);
    let mail = service
        .mails_to("ana@example.com")
        .await
        .into_iter()
        .find(|mail| mail.text.contains("#token="))
        .expect("a link");
    let _ = reset(&service, &mail.token(), PASSWORD).await.expect(204);
    let pool = service.database.superuser().await;
    let log: Value = ask(
        &pool,
        "SELECT jsonb_agg(to_jsonb(l) ORDER BY created_at, id) FROM audit_logs l WHERE entity_type = 'user'",
    )
    .await;
    let event_types: Vec<&str> = log
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| text(row, "event_type"))
        .collect();
    assert_eq!(
        event_types,
        [
            "user.registered",
            "user.password_changed",
            "user.password_reset_requested",
            "user.password_reset"
        ]
    );
    let log = log.to_string();
    for secret in [PASSWORD, OTHER, "argon2", mail.token().as_str()] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn password_change_does_not_count_as_a_recent_proof() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    service.age_sessions(&ana, 16 * 60).await;
    let body = json!({ "current_password": PASSWORD, "new_password": "Xochimilco-orchard-286" });
    let _ = ana.post("/me/password", &body).await.expect(204);
    assert_eq!(ana.delete("/me").await.problem(401), "step_up_required");
}
