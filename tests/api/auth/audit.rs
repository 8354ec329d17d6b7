//! The events of the audit log about sign-in and sign-out.

use accunode_tests::{PASSWORD, Service};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{ask, prediction, text};

/// Action, e-mail, user, address and user agent of a request.
type AuditRow = (
    String,
    Option<String>,
    Option<uuid::Uuid>,
    Option<String>,
    Option<String>,
);

async fn of_request(pool: &PgPool, request_id: &str) -> Vec<AuditRow> {
    sqlx::query_as(
        "SELECT action, actor_email, user_id, host(ip_address), user_agent \
         FROM audit_logs WHERE request_id = $1",
    )
    .bind(request_id)
    .fetch_all(pool)
    .await
    .expect("the audit log")
}

#[tokio::test]
async fn login_logout_and_failed_login_are_audited_with_origin() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let from = service.anonymous().with("user-agent", "tests/1.0");
    let credentials = |password: &str| json!({ "email": "ana@example.com", "password": password });

    let came = from
        .with("x-request-id", "came-1")
        .post("/auth/login", &credentials(PASSWORD))
        .await;
    let token = text(&came.expect(200), "access_token").to_owned();
    let wrong = credentials("not this one");
    let _ = from
        .with("x-request-id", "failed-1")
        .post("/auth/login", &wrong)
        .await
        .expect(401);
    let stranger = json!({ "email": "who@example.com", "password": "not this one" });
    let _ = from
        .with("x-request-id", "failed-2")
        .post("/auth/login", &stranger)
        .await
        .expect(401);
    let going = from.with_token(&token).with("x-request-id", "went-1");
    let _ = going.post_nothing("/auth/logout").await.expect(204);

    let expected = |action: &str, user: Option<uuid::Uuid>, email: &str| -> AuditRow {
        let some = |text: &str| Some(text.to_owned());
        (
            action.to_owned(),
            some(email),
            user,
            some("127.0.0.1"),
            some("tests/1.0"),
        )
    };
    let ana = Some(ana.id);
    assert_eq!(
        of_request(&pool, "came-1").await,
        [expected("LOGIN", ana, "ana@example.com")]
    );
    assert_eq!(
        of_request(&pool, "failed-1").await,
        [expected("FAILED_LOGIN", ana, "ana@example.com")]
    );
    assert_eq!(
        of_request(&pool, "failed-2").await,
        [expected("FAILED_LOGIN", None, "who@example.com")]
    );
    assert_eq!(
        of_request(&pool, "went-1").await,
        [expected("LOGOUT", ana, "ana@example.com")]
    );
}

#[tokio::test]
async fn audit_log_contains_no_secret() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let wrong = json!({ "email": "ana@example.com", "password": "a wrong password" });
    let _ = service
        .anonymous()
        .post("/auth/login", &wrong)
        .await
        .expect(401);
    let right = json!({ "email": "ana@example.com", "password": PASSWORD });
    let pair: Value = service
        .anonymous()
        .post("/auth/login", &right)
        .await
        .expect(200);
    let renewed = service
        .anonymous()
        .post(
            "/auth/refresh",
            &json!({ "refresh_token": pair["refresh_token"] }),
        )
        .await;
    let renewed = renewed.expect(200);
    let next = json!({ "refresh_token": renewed["refresh_token"] });
    let _ = service
        .anonymous()
        .post("/auth/refresh", &next)
        .await
        .expect(200);
    let _ = service
        .anonymous()
        .post(
            "/auth/refresh",
            &json!({ "refresh_token": pair["refresh_token"] }),
        )
        .await
        .expect(401);
    let _ = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    let _ = ana.post_nothing("/auth/logout").await.expect(204);

    let log: String = ask(
        &pool,
        "SELECT string_agg(l::text, E'\\n') FROM audit_logs l",
    )
    .await;
    let rows: i64 = ask(&pool, "SELECT count(*) FROM audit_logs").await;
    assert!(rows >= 7, "{log}");
    let secrets = [
        PASSWORD,
        "a wrong password",
        "$argon2",
        text(&pair, "access_token"),
        text(&pair, "refresh_token"),
        text(&renewed, "access_token"),
        text(&renewed, "refresh_token"),
    ];
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} stands in {log}");
    }
}

#[tokio::test]
async fn a_change_and_its_audit_row_carry_the_same_request_id() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let answer = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await;
    let made = answer.expect(201);
    let id = answer.header("x-request-id").to_owned();
    let events: Value = ask(
        &pool,
        &format!(
            "SELECT jsonb_agg(jsonb_build_array(event_type, action, entity_id, user_id) ORDER BY event_type) \
             FROM audit_logs WHERE request_id = '{id}' AND entity_type = 'annual_prediction'"
        ),
    )
    .await;
    assert_eq!(
        events,
        json!([["prediction.created", "CREATE", made["id"], ana.id]])
    );
}
