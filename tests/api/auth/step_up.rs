//! `POST /auth/step-up`

use accunode_tests::{PASSWORD, Service};
use serde_json::{Value, json};

use crate::support::ask;

#[tokio::test]
async fn step_up_succeeds_only_with_the_right_password() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let wrong = ana
        .post("/auth/step-up", &json!({ "password": "a wrong password" }))
        .await;
    assert_eq!(wrong.problem(401), "wrong_password");
    let _ = ana.get("/me").await.expect(200);
    let again = ana.step_up(&json!({ "password": PASSWORD })).await;
    // The proof is of no use to a user who has a copy of the old token.
    assert_eq!(ana.get("/me").await.problem(401), "invalid_token");
    let sessions = again.get("/me/sessions").await.expect(200);
    assert_eq!(sessions["data"].as_array().expect("sessions").len(), 1);

    let pool = service.database.superuser().await;
    let events: Value = ask(
        &pool,
        "SELECT jsonb_agg(jsonb_build_array(event_type, action, actor_email) ORDER BY created_at, id) \
         FROM audit_logs WHERE event_type IN ('session.refused', 'session.confirmed')",
    )
    .await;
    assert_eq!(
        events,
        json!([
            ["session.refused", "FAILED_LOGIN", "ana@example.com"],
            ["session.confirmed", "LOGIN", "ana@example.com"]
        ])
    );
}

#[tokio::test]
async fn step_up_without_a_session_is_refused() {
    let service = Service::start().await;
    let answer = service
        .anonymous()
        .post("/auth/step-up", &json!({ "password": PASSWORD }))
        .await;
    assert_eq!(answer.problem(401), "token_required");
}
