//! A super_admin reads a user's personal row (break-glass).

use serde_json::json;

use super::setup::Setup;
use crate::support::{ask, prediction_on, run, with};

#[tokio::test]
async fn break_glass_that_cannot_be_audited_shows_nothing() {
    let setup = Setup::start().await;
    let company = setup.company("personal(m1)").await;
    let prediction = setup
        .prediction("annual", "personal(m1)", "personal(m1)")
        .await;
    let job = setup.upload("personal(m1)").await;
    let sa = setup.users.user("sa");
    let paths = [
        format!("/companies/{company}"),
        format!("/predictions/annual/{prediction}"),
        format!("/predictions/annual/{prediction}/explanation"),
        format!("/predictions/annual/{prediction}/revisions"),
        format!("/bulk-uploads/{job}"),
        format!("/bulk-uploads/{job}/rows"),
    ];
    run(
        &setup.pool,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
           IF NEW.event_type LIKE '%break_glass' THEN RAISE EXCEPTION 'the audit log is full'; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER refuse BEFORE INSERT ON audit_logs FOR EACH ROW EXECUTE FUNCTION refuse()",
    )
    .await;
    for path in &paths {
        let answer = sa.get(path).await;
        assert!(
            answer.status.is_server_error(),
            "{path}: {} {}",
            answer.status,
            answer.text
        );
        assert!(
            !answer.text.contains("audit log is full"),
            "{}",
            answer.text
        );
    }
    run(&setup.pool, "DROP TRIGGER refuse ON audit_logs").await;
    for path in &paths {
        let answer = sa.get(path).await;
        let _ = answer.expect(200);
        assert!(
            setup.broke_the_glass(answer.header("x-request-id")).await,
            "{path}"
        );
    }
}

#[tokio::test]
async fn break_glass_audit_event_has_row_actor_and_origin() {
    let setup = Setup::start().await;
    let prediction = setup
        .prediction("annual", "personal(m1)", "personal(m1)")
        .await;
    let sa = setup
        .users
        .user("sa")
        .with("x-request-id", "look-1")
        .with("user-agent", "tests/1.0");
    let _ = sa
        .get(&format!("/predictions/annual/{prediction}"))
        .await
        .expect(200);
    let events: serde_json::Value = ask(
        &setup.pool,
        "SELECT jsonb_agg(jsonb_build_array(event_type, entity_type, entity_id, actor_email, action, host(ip_address), user_agent)) \
         FROM audit_logs WHERE request_id = 'look-1'",
    )
    .await;
    assert_eq!(
        events,
        json!([[
            "prediction.break_glass",
            "annual_prediction",
            prediction,
            "sa@example.com",
            "READ",
            "127.0.0.1",
            "tests/1.0"
        ]])
    );
}

#[tokio::test]
async fn break_glass_allows_no_change_and_no_reference() {
    let setup = Setup::start().await;
    let company = setup.company("personal(m1)").await;
    let prediction = setup
        .prediction("annual", "personal(m1)", "personal(m1)")
        .await;
    let sa = setup.users.user("sa");
    let on = with(
        prediction_on("annual", &company, "2024"),
        json!({ "access_level": "personal" }),
    );
    assert_eq!(
        sa.post("/predictions/annual", &on).await.problem(404),
        "not_found"
    );
    let _ = sa
        .delete(&format!("/companies/{company}"))
        .await
        .problem(403);
    let _ = sa
        .delete(&format!("/predictions/annual/{prediction}"))
        .await
        .problem(403);
    let _ = sa
        .patch(&format!("/companies/{company}"), &json!({ "name": "Mine" }))
        .await
        .problem(403);
    let m1 = setup.users.user("m1");
    let _ = m1.get(&format!("/companies/{company}")).await.expect(200);
    let _ = m1
        .get(&format!("/predictions/annual/{prediction}"))
        .await
        .expect(200);
}

#[tokio::test]
async fn break_glass_is_denied_below_super_admin() {
    let setup = Setup::start().await;
    let company = setup.company("personal(m1)").await;
    for who in Setup::everyone().filter(|who| !["m1", "sa"].contains(who)) {
        let answer = setup
            .users
            .user(who)
            .get(&format!("/companies/{company}"))
            .await;
        assert_eq!(answer.problem(404), "not_found", "{who}");
    }
    let event_count: i64 = ask(
        &setup.pool,
        "SELECT count(*) FROM audit_logs WHERE event_type LIKE '%break_glass'",
    )
    .await;
    assert_eq!(event_count, 0);
}
