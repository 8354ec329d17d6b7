//! The operations that are open without the second factor that an organization requires,
//! and in an inactive organization: exactly those of the table, and they reveal nothing of
//! the organization.

use accunode_tests::{PASSWORD, TestUser};
use serde_json::{Value, json};

use super::{Line, code, lines, send};
use crate::{
    access::setup::Setup,
    support::{ask, run},
};

/// A text in everything of the organization and of its other members.
const MARKER: &str = "planted";

/// Writes the marker to everything that the organization has. Its id and its settings are
/// known to every member, so that clients can explain a denial.
async fn plant(setup: &Setup) {
    let company = setup.company("organization(A)").await;
    let _ = setup
        .prediction("annual", "organization(A)", "organization(A)")
        .await;
    let job = setup.upload("organization(A)").await;
    setup.end(&job).await;
    let _ = setup
        .invitation("A", &format!("{MARKER}@example.com"))
        .await;
    run(
        &setup.pool,
        &format!(
            "UPDATE organizations SET name = '{MARKER}', description = '{MARKER}', industry = '{MARKER}', \
               domain = left(id::text, 8) || '.{MARKER}.example'; \
             UPDATE users SET first_name = '{MARKER}', phone = '{MARKER}' WHERE email <> 'm1@example.com'; \
             UPDATE companies SET name = '{MARKER}', symbol = upper('{MARKER}') WHERE id = '{company}'; \
             UPDATE annual_predictions SET company_name = '{MARKER}'; \
             UPDATE bulk_upload_jobs SET original_filename = '{MARKER}'"
        ),
    )
    .await;
}

/// Returns a request of an exempt operation that succeeds, with its expected status.
fn exempt(line: &Line, own: &str, other: &str) -> (String, Option<Value>, u16) {
    let name = line.name();
    match name.as_str() {
        "GET /me" | "GET /me/mfa" | "GET /me/sessions" => (line.path.clone(), None, 200),
        "PATCH /me" => (line.path.clone(), Some(json!({ "first_name": "Ana" })), 200),
        "DELETE /me/sessions" => (line.path.clone(), None, 204),
        "DELETE /me/sessions/{id}" => (format!("/me/sessions/{other}"), None, 204),
        "POST /me/mfa/totp" => (line.path.clone(), None, 201),
        // Only the device knows the right code.
        "POST /me/mfa/totp/confirm" => (line.path.clone(), Some(json!({ "code": "000000" })), 422),
        "POST /me/password" => {
            let body = json!({ "current_password": PASSWORD, "new_password": "another horse, another staple" });
            (line.path.clone(), Some(body), 204)
        }
        "POST /auth/step-up" => (
            line.path.clone(),
            Some(json!({ "password": PASSWORD })),
            200,
        ),
        "POST /auth/logout" => (line.path.clone(), None, 204),
        "DELETE /me" => (line.path.clone(), None, 204),
        _ => panic!("{name} is exempt now, for the session {own}: write here how it is asked"),
    }
}

/// Operations that end the session or change the password are last.
fn order(line: &Line) -> u8 {
    match line.name().as_str() {
        "POST /me/mfa/totp" => 1,
        "POST /me/mfa/totp/confirm" => 2,
        "DELETE /me/sessions/{id}" => 3,
        "DELETE /me/sessions" => 4,
        "POST /auth/step-up" => 5,
        "POST /me/password" => 6,
        "POST /auth/logout" => 7,
        "DELETE /me" => 8,
        _ => 0,
    }
}

/// Calls every operation as this member, who may use those that `open` accepts.
async fn ask_all(
    setup: &Setup,
    member: &TestUser,
    lines: &[Line],
    open: impl Fn(&Line) -> bool,
    refused: &str,
) {
    let mut wrong = Vec::new();
    for line in lines.iter().filter(|line| !line.is_public && !open(line)) {
        let got = code(&send(member, &line.method, &line.filled(), None).await);
        if got != refused {
            wrong.push(format!("{}: {got}", line.name()));
        }
    }
    assert!(wrong.is_empty(), "not {refused}: {wrong:#?}");

    let sessions = |body: &Value| body["data"].as_array().cloned().expect("sessions");
    let mut exempted: Vec<&Line> = lines.iter().filter(|line| open(line)).collect();
    exempted.sort_by_key(|line| order(line));
    let mut member = member.clone();
    for line in exempted {
        if order(line) >= 7 {
            // Each uses a separate session, because both end it.
            let sessions = format!(
                "SELECT count(*) FROM users WHERE email = '{}' AND is_active",
                member.email
            );
            let there: i64 = ask(&setup.pool, &sessions).await;
            assert_eq!(there, 1);
            run(
                &setup.pool,
                &format!(
                    "UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE email = 'm2@example.com') \
                     WHERE email = '{}'",
                    member.email
                ),
            )
            .await;
            member = setup.service.anonymous().login(&member.email).await;
        }
        let elsewhere = match line.name().as_str() {
            "DELETE /me/sessions/{id}" => {
                let other = setup.service.anonymous().login(&member.email).await;
                let all = sessions(&other.get("/me/sessions").await.expect(200));
                let own = all.iter().find(|s| s["current"] == true).expect("its own");
                own["id"].as_str().expect("an id").to_owned()
            }
            _ => String::new(),
        };
        let (path, body, status) = exempt(line, &member.email, &elsewhere);
        let answer = send(&member, &line.method, &path, body.as_ref()).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{}: {}",
            line.name(),
            answer.text
        );
        let text = answer.text.to_lowercase();
        assert!(!text.contains(MARKER), "{}: {}", line.name(), answer.text);
        if line.is("post", "/auth/step-up") {
            let tokens = answer.json();
            member = member.with_token(tokens["access_token"].as_str().expect("a token"));
        }
    }
}

#[tokio::test]
async fn only_exempt_operations_answer_without_the_required_second_factor() {
    let setup = Setup::start().await;
    let lines = lines(&setup.service).await;
    plant(&setup).await;
    run(
        &setup.pool,
        "UPDATE organizations SET require_second_factor = true WHERE parent_id IS NOT NULL",
    )
    .await;
    let member = setup.users.user("m1");
    let open = |line: &Line| line.without_second_factor;
    ask_all(&setup, member, &lines, open, "403 second_factor_required").await;
}

#[tokio::test]
async fn only_exempt_operations_answer_in_an_inactive_organization() {
    let setup = Setup::start().await;
    let lines = lines(&setup.service).await;
    plant(&setup).await;
    run(
        &setup.pool,
        "UPDATE organizations SET is_active = false WHERE parent_id IS NOT NULL",
    )
    .await;
    let member = setup.users.user("m1");
    let open = |line: &Line| line.for_inactive;
    ask_all(&setup, member, &lines, open, "403 organization_inactive").await;
}
