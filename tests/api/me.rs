//! `/me` and `/me/sessions`

use accunode_tests::{Service, TestUser};
use serde_json::{Value, json};

use crate::support::{ask, text};

#[tokio::test]
async fn user_changes_their_own_profile() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let body = json!({ "first_name": " Ana ", "last_name": "Nowak", "phone": "+48 600 000 000" });
    let answer = ana.patch("/me", &body).await;
    let me = answer.expect(200);
    assert_eq!(
        (&me["first_name"], &me["last_name"]),
        (&json!("Ana"), &json!("Nowak"))
    );
    let tag = answer.header("etag").to_owned();
    assert_eq!(ana.get("/me").await.header("etag"), tag);

    let emptied = ana
        .with("if-match", &tag)
        .patch("/me", &json!({ "phone": null }))
        .await;
    let me = emptied.expect(200);
    assert_eq!(
        (&me["phone"], &me["first_name"]),
        (&Value::Null, &json!("Ana"))
    );
    let stale = ana
        .with("if-match", &tag)
        .patch("/me", &json!({ "phone": "1" }))
        .await;
    assert_eq!(stale.problem(412), "stale");

    let pool = service.database.superuser().await;
    let event: Value = ask(
        &pool,
        "SELECT jsonb_build_array(old_values, new_values) FROM audit_logs \
         WHERE event_type = 'user.updated' ORDER BY created_at, id LIMIT 1",
    )
    .await;
    assert_eq!(event[0]["first_name"], Value::Null);
    assert_eq!(event[1]["first_name"], "Ana");
}

#[tokio::test]
async fn user_cannot_change_their_own_address_or_role() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let body = json!({ "email": "x@example.com", "role": "super_admin", "first_name": "a\u{7}" });
    let answer = ana.patch("/me", &body).await;
    let mut faults = answer.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "/email unknown_field",
            "/first_name control_character",
            "/role unknown_field"
        ]
    );
    let body = json!({ "first_name": "a\u{7}", "phone": "1".repeat(21) });
    let answer = ana.patch("/me", &body).await;
    assert_eq!(
        answer.faults(),
        ["/first_name control_character", "/phone too_long"]
    );
}

async fn sessions(user: &TestUser) -> Vec<Value> {
    let list = user.get("/me/sessions").await.expect(200);
    list["data"].as_array().expect("sessions").clone()
}

#[tokio::test]
async fn user_lists_their_sessions_and_ends_one() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let phone = service
        .anonymous()
        .with("user-agent", "a phone")
        .login("ana@example.com")
        .await;
    let ben = service.user("ben").await;
    let seen = sessions(&ana).await;
    assert_eq!(seen.len(), 2);
    assert_eq!(
        (&seen[0]["user_agent"], &seen[0]["current"]),
        (&json!("a phone"), &json!(false))
    );
    assert_eq!(seen[1]["current"], true);
    assert!(seen[0]["ip_address"].is_string() && seen[0]["last_seen_at"].is_string());

    let path = format!("/me/sessions/{}", text(&seen[0], "id"));
    assert_eq!(ben.delete(&path).await.problem(404), "not_found");
    let _ = phone.get("/me").await.expect(200);
    let _ = ana.delete(&path).await.expect(204);
    assert_eq!(phone.get("/me").await.problem(401), "invalid_token");
    assert_eq!(ana.delete(&path).await.problem(404), "not_found");
    assert_eq!(sessions(&ana).await.len(), 1);
}

#[tokio::test]
async fn user_ends_all_their_other_sessions() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let others = [
        service.anonymous().login("ana@example.com").await,
        service.anonymous().login("ana@example.com").await,
    ];
    let ben = service.user("ben").await;
    let _ = ana.delete("/me/sessions").await.expect(204);
    for other in &others {
        assert_eq!(other.get("/me").await.problem(401), "invalid_token");
    }
    let _ = ben.get("/me").await.expect(200);
    assert_eq!(sessions(&ana).await.len(), 1);
}
