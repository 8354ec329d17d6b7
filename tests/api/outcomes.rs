//! `/outcomes`, `/outcome-coverage`, `/default-definitions`

use std::time::Duration;

use accunode_tests::{Service, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};
use sqlx::Executor;

use crate::support::{outcome_on, prediction, text, with};

async fn company(user: &TestUser, symbol: &str) -> String {
    let made = user.post("/companies", &json!({ "symbol": symbol })).await;
    text(&made.expect(201), "id").to_owned()
}

fn of(company: &str, event: &str, day: &str) -> Value {
    with(
        outcome_on(company),
        json!({ "event": event, "occurred_on": day }),
    )
}

async fn ids(user: &TestUser, query: &str) -> Vec<String> {
    let page = user
        .get(&format!("/outcomes?limit=100&{query}"))
        .await
        .expect(200);
    let rows = page["data"].as_array().expect("rows").iter();
    rows.map(|row| text(row, "id").to_owned()).collect()
}

#[tokio::test]
async fn an_outcome_is_recorded_read_and_withdrawn_once() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let acme = company(&ana, "ACME").await;
    let body = with(
        outcome_on(&acme),
        json!({ "reason_code": "90dpd", "external_id": "K-1", "note": "unpaid since December" }),
    );
    let answer = ana.post("/outcomes", &body).await;
    let made = answer.expect(201);
    let path = format!("/outcomes/{}", text(&made, "id"));
    assert_eq!(answer.header("location"), format!("/api/v1{path}"));
    for (field, value) in body.as_object().expect("an object") {
        assert_eq!(&made[field], value, "{field}");
    }
    assert_eq!(made["company_symbol"], "ACME");
    assert_eq!(made["technical"], false);
    assert_eq!(ana.get(&path).await.expect(200), made);

    let withdraw = format!("{path}/withdraw");
    let blank = ana.post(&withdraw, &json!({ "reason": " " })).await;
    assert_eq!(blank.problem(422), "required");
    let reason = json!({ "reason": "booked on the wrong company" });
    let withdrawn = ana.post(&withdraw, &reason).await.expect(200);
    assert_eq!(withdrawn["withdrawn_reason"], reason["reason"]);
    assert_eq!(withdrawn["withdrawn_by"], made["created_by"]);
    assert_eq!(
        ana.post(&withdraw, &reason).await.problem(409),
        "already_withdrawn"
    );
    assert_eq!(ids(&ana, "").await, [""; 0]);
    assert_eq!(
        ids(&ana, "include_withdrawn=true").await,
        [text(&made, "id")]
    );
    // A withdrawn outcome may be recorded again, also with its external id.
    let _ = ana.post("/outcomes", &body).await.expect(201);
    let events = ana.get("/audit-logs?entity_type=outcome").await.expect(200);
    let mut kinds: Vec<_> = events["data"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|e| text(e, "event_type"))
        .collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        ["outcome.recorded", "outcome.recorded", "outcome.withdrawn"]
    );
}

#[tokio::test]
async fn defaults_and_cures_must_alternate() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let acme = company(&ana, "ACME").await;
    let post = async |body: Value| ana.post("/outcomes", &body).await;
    let cure = of(&acme, "cure", "2024-06-01");
    assert_eq!(post(cure.clone()).await.problem(409), "not_in_default");
    let default = post(of(&acme, "default", "2024-03-01")).await.expect(201);
    assert_eq!(
        post(of(&acme, "default", "2024-03-01")).await.problem(409),
        "outcome_exists"
    );
    assert_eq!(
        post(of(&acme, "default", "2024-09-01")).await.problem(409),
        "already_in_default"
    );
    let _ = post(cure).await.expect(201);
    let _ = post(of(&acme, "default", "2024-09-01")).await.expect(201);
    let _ = post(of(&acme, "exit", "2024-10-01")).await.expect(201);
    // A technical default and another definition are ignored.
    let technical = with(
        of(&acme, "default", "2024-10-02"),
        json!({ "technical": true }),
    );
    let _ = post(technical).await.expect(201);
    let other = with(
        of(&acme, "default", "2024-09-02"),
        json!({ "definition": "bankruptcy@1" }),
    );
    let _ = post(other).await.expect(201);
    let path = format!("/outcomes/{}/withdraw", text(&default, "id"));
    let withdrawn = ana.post(&path, &json!({ "reason": "wrong" })).await;
    assert_eq!(withdrawn.problem(409), "not_in_default");
}

#[tokio::test]
async fn invalid_outcome_reports_every_fault() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let acme = company(&ana, "ACME").await;
    let future = ana
        .post("/outcomes", &of(&acme, "default", "2999-01-01"))
        .await;
    assert_eq!(future.problem(422), "in_the_future");
    let wrong = with(
        of(&acme, "cure", "2024-02-30"),
        json!({ "technical": true, "external_id": "x".repeat(101), "definition": "mine" }),
    );
    let answer = ana.post("/outcomes", &wrong).await.expect(422);
    let errors = answer["errors"].as_array().expect("errors");
    let pointers: Vec<_> = errors.iter().map(|error| text(error, "pointer")).collect();
    assert!(
        pointers.contains(&"/definition") && pointers.contains(&"/external_id"),
        "{pointers:?}"
    );
    let neither = with(outcome_on(&acme), json!({ "company_id": null }));
    assert_eq!(
        ana.post("/outcomes", &neither).await.problem(422),
        "required"
    );
    let both = with(
        outcome_on(&acme),
        json!({ "company": { "symbol": "ACME" } }),
    );
    assert_eq!(
        ana.post("/outcomes", &both).await.problem(422),
        "ambiguous_company"
    );
    let symbol = |symbol: &str| with(neither.clone(), json!({ "company": { "symbol": symbol } }));
    assert_eq!(
        ana.post("/outcomes", &symbol("NONE")).await.problem(422),
        "unknown_company"
    );
    let found = ana.post("/outcomes", &symbol("acme")).await.expect(201);
    assert_eq!(found["company_id"], acme);
}

#[tokio::test]
async fn repeated_requests_and_batches_record_outcomes_once() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let (acme, beta) = (company(&ana, "ACME").await, company(&ana, "BETA").await);
    let body = json!({ "items": [
        outcome_on(&acme),
        of(&acme, "default", "2024-04-01"),
        outcome_on(&beta),
    ] });
    let once = ana.with("Idempotency-Key", "batch-1");
    let first = once.post("/outcomes/batch", &body).await.expect(200);
    let statuses: Vec<_> = first["data"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| item["status"].clone())
        .collect();
    assert_eq!(statuses, [json!(201), json!(409), json!(201)]);
    assert_eq!(first["data"][1]["problem"]["code"], "already_in_default");
    let again = once.post("/outcomes/batch", &body).await.expect(200);
    assert_eq!(again["data"][0], first["data"][0]);
    assert_eq!(ids(&ana, "").await.len(), 2);
}

#[tokio::test]
async fn outcome_list_as_of_a_time_shows_what_was_recorded_then() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let mut companies = Vec::new();
    for i in 0..6 {
        companies.push(company(&ana, &format!("C{i}")).await);
    }
    let pool = service.database.superuser().await;
    let mut known: Vec<String> = Vec::new();
    let mut history = Vec::new();
    for step in 0_usize..24 {
        if step % 4 == 3 {
            let id = known.remove((step * 7) % known.len());
            let path = format!("/outcomes/{id}/withdraw");
            let _ = ana
                .post(&path, &json!({ "reason": "a test" }))
                .await
                .expect(200);
        } else {
            let day = format!("2024-{:02}-{:02}", 1 + step % 12, 1 + step);
            let body = of(&companies[step % 6], "exit", &day);
            let made = ana.post("/outcomes", &body).await.expect(201);
            known.push(text(&made, "id").to_owned());
        }
        let now: String = sqlx::query_scalar("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
            .fetch_one(&pool)
            .await
            .expect("the time");
        history.push((now, known.clone()));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    for (time, mut expected) in history {
        let mut found = ids(&ana, &format!("as_of={time}")).await;
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "as of {time}");
    }
    let contradiction = ana
        .get("/outcomes?as_of=2024-01-01T00:00:00Z&include_withdrawn=true")
        .await;
    assert_eq!(contradiction.problem(422), "contradiction");
    let filtered = ids(
        &ana,
        &format!(
            "company_id={}&occurred_from=2024-06-01&event=exit",
            companies[0]
        ),
    )
    .await;
    assert!(filtered.len() < ids(&ana, "").await.len());
    let csv = ana.get_as("/outcomes", "text/csv").await;
    assert!(
        csv.text.starts_with("id,company_id,company_symbol"),
        "{}",
        csv.text
    );
}

#[tokio::test]
async fn coverage_is_set_by_administrators_and_narrowed_with_a_note() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (m1, oa) = (users.user("m1"), users.user("oA"));
    let path = "/outcome-coverage/crr_178@1";
    let before = m1.get(path).await.expect(200);
    assert_eq!(before["complete_through"], Value::Null);
    assert_eq!(before["access_level"], "organization");
    let days = json!({ "complete_from": "2020-01-01", "complete_through": "2025-06-30" });
    assert_eq!(m1.put(path, &days).await.problem(403), "role_forbidden");
    let _ = oa.put(path, &days).await.expect(200);
    assert_eq!(
        m1.get(path).await.expect(200)["complete_through"],
        "2025-06-30"
    );
    let fewer = with(days.clone(), json!({ "complete_through": "2025-05-31" }));
    assert_eq!(oa.put(path, &fewer).await.problem(422), "note_required");
    let noted = with(fewer, json!({ "note": "a branch is late" }));
    assert_eq!(
        oa.put(path, &noted).await.expect(200)["note"],
        "a branch is late"
    );
    let wrong = with(
        days,
        json!({ "complete_from": "2025-07-01", "note": "a test" }),
    );
    assert_eq!(oa.put(path, &wrong).await.problem(422), "out_of_order");
    assert_eq!(
        oa.get("/outcome-coverage/mine@1").await.problem(404),
        "not_found"
    );
    let definitions = m1.get("/default-definitions").await.expect(200);
    assert_eq!(definitions["data"][0]["definition"], "crr_178@1");
    assert_eq!(definitions["data"][1]["definition"], "bankruptcy@1");
}

#[tokio::test]
async fn company_with_outcomes_is_in_use_and_user_deletion_removes_them() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let made = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    let acme = text(&made, "company_id").to_owned();
    let path = format!("/predictions/annual/{}", text(&made, "id"));
    let _ = ana.post("/outcomes", &outcome_on(&acme)).await.expect(201);
    let _ = ana.delete(&path).await.expect(204);
    let company = format!("/companies/{acme}");
    assert_eq!(ana.delete(&company).await.problem(409), "company_in_use");
    let export = ana.get("/me/export").await.expect(200);
    assert_eq!(export["outcomes"].as_array().map(Vec::len), Some(1));
    let _ = ana.delete("/me").await.expect(204);
    let pool = service.database.superuser().await;
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM outcomes")
        .fetch_one(&pool)
        .await
        .expect("a count");
    assert_eq!(left, 0);
}

#[tokio::test]
async fn database_refuses_changes_of_an_outcome() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let acme = company(&ana, "ACME").await;
    let made = ana.post("/outcomes", &outcome_on(&acme)).await.expect(201);
    let path = format!("/outcomes/{}/withdraw", text(&made, "id"));
    let _ = ana
        .post(&path, &json!({ "reason": "a test" }))
        .await
        .expect(200);
    let mut server = service.database.server_role().await;
    let denied = server
        .execute("UPDATE outcomes SET occurred_on = '2020-01-01'")
        .await;
    assert!(
        denied
            .unwrap_err()
            .to_string()
            .contains("permission denied")
    );
    // Not even its owner may: a trigger enforces it in addition to the rights.
    let pool = service.database.superuser().await;
    for change in [
        "occurred_on = '2020-01-01'",
        "withdrawn_at = NULL, withdrawn_by = NULL, withdrawn_reason = NULL",
    ] {
        let statement = sqlx::AssertSqlSafe(format!("UPDATE outcomes SET {change}"));
        let refused = pool.execute(statement).await;
        assert!(
            refused.unwrap_err().to_string().contains("never changed"),
            "{change}"
        );
    }
}
