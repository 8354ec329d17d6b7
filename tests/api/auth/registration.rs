//! `POST /auth/register`

use accunode_tests::{PASSWORD, Service, ServiceOptions};
use serde_json::json;

#[tokio::test]
async fn user_registers_signs_in_and_reads_their_profile() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let me = ana.get("/me").await.expect(200);
    assert_eq!(me["id"], ana.id.to_string());
    assert_eq!(me["email"], "ana@example.com");
    assert_eq!(
        (&me["role"], &me["effective_role"]),
        (&json!("user"), &json!("user"))
    );
    assert_eq!(
        (me["is_active"].as_bool(), me["is_verified"].as_bool()),
        (Some(true), Some(true))
    );
    assert!(
        me["organization"].is_null() && me["tenant"].is_null(),
        "{me}"
    );
    assert!(me["last_login"].is_string(), "{me}");
}

#[tokio::test]
async fn registration_with_a_forged_role_is_refused_and_creates_no_user() {
    let service = Service::start().await;
    let body = json!({
        "email": "eve@example.com", "password": PASSWORD,
        "role": "super_admin", "organization_id": "7", "is_verified": true,
    });
    let answer = service.anonymous().post("/auth/register", &body).await;
    assert_eq!(answer.problem(422), "unknown_field");
    let mut faults = answer.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/is_verified unknown_field",
            "/organization_id unknown_field",
            "/role unknown_field"
        ]
    );
    let login = json!({ "email": "eve@example.com", "password": PASSWORD });
    assert_eq!(
        service
            .anonymous()
            .post("/auth/login", &login)
            .await
            .problem(401),
        "invalid_credentials"
    );
}

#[tokio::test]
async fn weak_passwords_are_refused_with_the_rule_they_break() {
    let service = Service::start().await;
    let long = "x1".repeat(65);
    for (password, word) in [
        ("short1234", "at least 10"),
        ("aaaaaaaaaaaaaaa", "repeats"),
        ("eve.longname@example.com", "e-mail"),
        (long.as_str(), "at most 128"),
    ] {
        let body = json!({ "email": "eve.longname@example.com", "password": password });
        let answer = service.anonymous().post("/auth/register", &body).await;
        assert_eq!(answer.problem(422), "weak_password", "{password}");
        assert_eq!(answer.faults(), ["/password weak_password"]);
        let detail = answer.json()["errors"][0]["detail"].clone();
        assert!(
            detail.as_str().is_some_and(|d| d.contains(word)),
            "{detail}"
        );
        assert!(
            !answer.text.contains(password) || word == "e-mail",
            "a password is never repeated"
        );
    }
}

#[tokio::test]
async fn invalid_registration_reports_every_field() {
    let service = Service::start().await;
    let body = json!({ "email": "no address", "password": "short", "first_name": "A\u{0}na" });
    let answer = service.anonymous().post("/auth/register", &body).await;
    assert_eq!(answer.problem(422), "validation_failed");
    let mut faults = answer.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/email invalid_email",
            "/first_name control_character",
            "/password weak_password"
        ]
    );
}

#[tokio::test]
async fn email_address_is_unique_ignoring_case() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let body = json!({ "email": " ANA@Example.com ", "password": PASSWORD });
    assert_eq!(
        service
            .anonymous()
            .post("/auth/register", &body)
            .await
            .problem(409),
        "email_taken"
    );
    assert_eq!(
        service.anonymous().login("Ana@Example.COM").await.id,
        ana.id
    );
}

#[tokio::test]
async fn closed_registration_creates_no_users() {
    let service = Service::with(ServiceOptions::default().with("registration", "closed")).await;
    let body = json!({ "email": "ana@example.com", "password": PASSWORD });
    let answer = service.anonymous().post("/auth/register", &body).await;
    assert_eq!(answer.problem(403), "registration_closed");
}
