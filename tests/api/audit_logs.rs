//! `/audit-logs`: who may read which events, and their content.

use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::json;

use crate::support;

/// Returns the events that a user sees, as `action event_type`, newest first.
async fn seen(user: &accunode_tests::TestUser, query: &str) -> Vec<String> {
    let page = user
        .get(&format!("/audit-logs?limit=100{query}"))
        .await
        .expect(200);
    let events = page["data"].as_array().expect("rows");
    let text =
        |event: &serde_json::Value, name: &str| event[name].as_str().unwrap_or("").to_owned();
    events
        .iter()
        .map(|e| format!("{} {}", text(e, "action"), text(e, "event_type")))
        .collect()
}

#[tokio::test]
async fn audit_log_shows_own_events_and_those_of_administered_organizations() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let body = json!({ "symbol": "AUDIT", "access_level": "organization" });
    let _ = tenancy
        .user("m1")
        .post("/companies", &body)
        .await
        .expect(201);

    assert_eq!(
        seen(tenancy.user("m1"), "").await,
        ["CREATE company.created", "LOGIN session.started"]
    );
    assert_eq!(
        seen(tenancy.user("m2"), "").await,
        ["LOGIN session.started"]
    );
    for admin in ["oA", "tR", "sa"] {
        let events = seen(tenancy.user(admin), "&event_type=company.created").await;
        assert_eq!(events, ["CREATE company.created"], "{admin}");
    }
    assert!(
        seen(tenancy.user("tZ"), "&event_type=company.created")
            .await
            .is_empty()
    );
    // Administrators' own events of their organization are found by two indexes and listed
    // once.
    let own = seen(tenancy.user("oA"), "&action=LOGIN").await;
    assert_eq!(own.len(), 3, "m1, m2 and oA: {own:?}");

    let a = tenancy.organization("A");
    for (user, status) in [
        ("u0", 403),
        ("m1", 403),
        ("oA", 200),
        ("mB", 403),
        ("tR", 200),
        ("tZ", 403),
        ("sa", 200),
    ] {
        let answer = tenancy
            .user(user)
            .get(&format!("/audit-logs?organization_id={a}"))
            .await;
        assert_eq!(answer.status.as_u16(), status, "{user}: {}", answer.text);
    }
}

#[tokio::test]
async fn audit_event_has_actor_action_and_origin_and_is_hidden_from_others() {
    let service = Service::start().await;
    let ana = service
        .user("ana")
        .await
        .with("x-request-id", "request-7")
        .with("user-agent", "curl/8");
    let _ = ana
        .post("/companies", &json!({ "symbol": "ACME", "name": "Acme" }))
        .await
        .expect(201);
    let page = ana
        .get("/audit-logs?request_id=request-7&action=CREATE")
        .await
        .expect(200);
    let event = &page["data"][0];
    assert_eq!(event["actor_email"], "ana@example.com");
    assert_eq!(event["entity_type"], "company");
    assert_eq!(event["new_values"]["profile"]["symbol"], "ACME");
    assert_eq!(event["ip_address"], "127.0.0.1");
    assert_eq!(event["user_agent"], "curl/8");

    let id = event["id"].as_str().expect("an id");
    assert_eq!(
        ana.get(&format!("/audit-logs/{id}")).await.expect(200)["id"],
        id
    );
    let bob = service.user("bob").await;
    assert_eq!(
        bob.get(&format!("/audit-logs/{id}")).await.problem(404),
        "not_found"
    );
}

#[tokio::test]
async fn audit_log_pages_neither_lose_nor_repeat_events() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    for n in 0..25 {
        let _ = ana
            .post("/companies", &json!({ "symbol": format!("S{n}") }))
            .await
            .expect(201);
    }
    let mut symbols = Vec::new();
    let mut path = "/audit-logs?action=CREATE&entity_type=company&limit=7".to_owned();
    loop {
        let page = ana.get(&path).await.expect(200);
        for event in page["data"].as_array().expect("rows") {
            symbols.push(
                event["new_values"]["profile"]["symbol"]
                    .as_str()
                    .expect("a symbol")
                    .to_owned(),
            );
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/audit-logs?action=CREATE&entity_type=company&limit=7&cursor={cursor}");
    }
    let expected: Vec<_> = (0..25).rev().map(|n| format!("S{n}")).collect();
    assert_eq!(symbols, expected);
}

#[tokio::test]
async fn audit_log_is_exported_as_csv_and_json_lines_and_audited() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let _ = ana
        .post("/companies", &json!({ "symbol": "ACME" }))
        .await
        .expect(201);
    let csv = ana.get_as("/audit-logs?action=CREATE", "text/csv").await;
    assert_eq!(csv.status.as_u16(), 200, "{}", csv.text);
    assert!(
        csv.text.starts_with("id,created_at,action,"),
        "{}",
        csv.text
    );
    assert_eq!(
        csv.text.lines().count(),
        3,
        "registration, company and header: {}",
        csv.text
    );

    let lines = ana
        .get_as(
            "/audit-logs?action=EXPORT&action=DELETE",
            "application/x-ndjson",
        )
        .await;
    assert_eq!(lines.header("content-type"), "application/x-ndjson");
    let events: Vec<serde_json::Value> = lines
        .text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(
        events.len(),
        1,
        "the first export; its own is told after it was read: {}",
        lines.text
    );
    assert_eq!(events[0]["metadata"]["action"], "CREATE");
}

#[tokio::test]
async fn denials_are_audited_once_a_minute_per_operation() {
    let service = Service::start().await;
    let tenancy = Tenancy::of(&service).await;
    let m2 = tenancy.user("m2");
    let body = json!({ "symbol": "OURS", "access_level": "organization" });
    let mut ids = Vec::new();
    for symbol in ["OURS", "OURS2"] {
        let body = support::with(body.clone(), json!({ "symbol": symbol }));
        let made = tenancy.user("m1").post("/companies", &body).await;
        ids.push(made.expect(201)["id"].as_str().expect("an id").to_owned());
    }

    // Twenty concurrent requests for two companies: one kind of request.
    let at_once = (0..20).map(|n| {
        let path = format!("/companies/{}", ids[n % 2]);
        async move { m2.delete(&path).await.problem(403) }
    });
    for code in futures::future::join_all(at_once).await {
        assert_eq!(code, "not_writable");
    }
    let path = format!("/companies/{}", ids[0]);
    let change = json!({ "industry": "Machinery" });
    assert_eq!(m2.patch(&path, &change).await.problem(403), "not_writable");

    let page = m2.get("/audit-logs?action=DENIED").await.expect(200);
    let events = page["data"].as_array().expect("rows");
    let denials: Vec<_> = events
        .iter()
        .map(|e| (&e["metadata"]["request"], &e["metadata"]["code"]))
        .collect();
    assert_eq!(
        denials,
        [
            (
                &json!("PATCH /api/v1/companies/{id}"),
                &json!("not_writable")
            ),
            (
                &json!("DELETE /api/v1/companies/{id}"),
                &json!("not_writable")
            ),
        ]
    );
    assert_eq!(events[0]["entity_id"], ids[0].as_str());
    assert_eq!(events[0]["actor_email"], "m2@example.com");
    assert_eq!(events[0]["ip_address"], "127.0.0.1");
    // Their administrator sees them, too.
    let seen = seen(tenancy.user("oA"), "&action=DENIED").await;
    assert_eq!(seen.len(), 2, "{seen:?}");

    // A minute later the next one is recorded again.
    let pool = service.database.superuser().await;
    for statement in [
        "ALTER TABLE audit_logs DISABLE TRIGGER USER",
        "UPDATE audit_logs SET created_at = created_at - INTERVAL '61 seconds' WHERE action = 'DENIED'",
        "ALTER TABLE audit_logs ENABLE TRIGGER USER",
    ] {
        let _ = sqlx::query(statement)
            .execute(&pool)
            .await
            .expect(statement);
    }
    pool.close().await;
    assert_eq!(m2.patch(&path, &change).await.problem(403), "not_writable");
    let page = m2.get("/audit-logs?action=DENIED").await.expect(200);
    assert_eq!(page["data"].as_array().expect("rows").len(), 3);
}

#[tokio::test]
async fn denied_batch_item_is_audited_but_a_missing_row_is_not() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let item = support::with(
        support::prediction("ACME", "2024"),
        json!({ "access_level": "system" }),
    );
    let fine = support::prediction("FINE", "2024");
    let answer = ana
        .post(
            "/predictions/annual/batch",
            &json!({ "items": [fine, item] }),
        )
        .await
        .expect(200);
    assert_eq!(answer["data"][1]["status"], 403);
    let nowhere = format!("/companies/{}", uuid::Uuid::from_u128(7));
    assert_eq!(ana.get(&nowhere).await.problem(404), "not_found");

    let page = ana.get("/audit-logs?action=DENIED").await.expect(200);
    let events = page["data"].as_array().expect("rows");
    assert_eq!(events.len(), 1, "{events:?}");
    let request = "POST /api/v1/predictions/{kind}/batch";
    assert_eq!(events[0]["metadata"]["request"], request);
    assert_eq!(events[0]["metadata"]["code"], "level_forbidden");
}
