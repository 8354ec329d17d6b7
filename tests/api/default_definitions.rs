//! `/default-definitions`

use accunode_tests::{Service, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};

use crate::support::{all_rows, ask, outcome_on, run, text, with};

const PATH: &str = "/default-definitions";

fn definition(code: &str, more: Value) -> Value {
    let body = json!({
        "code": code, "name": "30 days past due", "basis": "missed_payment", "days_past_due": 30,
        "materiality": "EUR 100", "probation_days": 90, "source": "Credit manual, 4.2",
    });
    with(body, more)
}

async fn names(user: &TestUser, query: &str, limit: usize) -> Vec<String> {
    let rows = all_rows(user, &format!("{PATH}{query}"), limit).await;
    let names = rows.iter().map(|row| text(row, "definition").to_owned());
    names.collect()
}

#[tokio::test]
async fn own_definitions_are_listed_before_the_shipped_ones() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (oa, m2) = (users.user("oA"), users.user("m2"));
    let made = oa.post(PATH, &definition("retail", json!({}))).await;
    assert!(
        made.header("location")
            .ends_with(text(&made.expect(201), "id"))
    );
    let made = made.expect(201);
    assert_eq!(made["definition"], "retail@1");
    assert_eq!(made["access_level"], "organization");
    assert_eq!(
        (&made["materiality"], &made["retired_at"]),
        (&json!("EUR 100"), &Value::Null)
    );
    let second = definition("retail", json!({ "version": 2, "days_past_due": 60 }));
    let _ = oa.post(PATH, &second).await.expect(201);
    let everyones = definition("system_agency", json!({ "access_level": "system" }));
    let _ = users.user("sa").post(PATH, &everyones).await.expect(201);
    let all = [
        "system_agency@1",
        "retail@2",
        "retail@1",
        "crr_178@1",
        "bankruptcy@1",
    ];
    // However many fill a page.
    for limit in [1, 2, 3, 4, 20] {
        assert_eq!(names(m2, "", limit).await, all, "{limit}");
    }
    assert_eq!(names(m2, "?code=retail", 1).await, all[1..3]);
    assert_eq!(names(m2, "?code=bankruptcy", 20).await, all[4..]);
    assert_eq!(names(m2, "?access_level=organization", 20).await, all[1..3]);
    assert_eq!(
        names(users.user("mB"), "", 20).await,
        ["system_agency@1", "crr_178@1", "bankruptcy@1"]
    );
    for row in all_rows(m2, PATH, 20).await {
        let path = format!("{PATH}/{}", text(&row, "id"));
        assert_eq!(m2.get(&path).await.expect(200), row);
    }
    // Names of others, of everyone and of the program.
    let again = oa.post(PATH, &second).await;
    assert_eq!(again.problem(409), "definition_exists");
    for code in ["system_mine", "crr_178", "bankruptcy"] {
        let reserved = oa.post(PATH, &definition(code, json!({}))).await;
        assert_eq!(reserved.problem(422), "reserved_name", "{code}");
    }
    // Another owner may use the same name for something else.
    let own = definition("retail", json!({ "access_level": "personal" }));
    let _ = m2.post(PATH, &own).await.expect(201);
}

#[tokio::test]
async fn invalid_definition_reports_every_fault() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let wrong = json!({
        "code": "Re tail", "version": 100_000, "name": " ", "basis": "guess", "days_past_due": 3_651,
        "source": "x".repeat(501),
    });
    let answer = ana.post(PATH, &wrong).await;
    let _ = answer.problem(422);
    let faults = answer.faults();
    for pointer in [
        "/code",
        "/version",
        "/name",
        "/basis",
        "/days_past_due",
        "/source",
    ] {
        assert!(
            faults.iter().any(|fault| fault.starts_with(pointer)),
            "{pointer}: {faults:?}"
        );
    }
}

/// Outcomes, coverage, files and back-tests of an owner name the definition; others do not have it.
#[tokio::test]
async fn own_definition_is_used_by_its_owner_until_it_is_retired() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (oa, m1) = (users.user("oA"), users.user("m1"));
    let made = oa
        .post(PATH, &definition("retail", json!({})))
        .await
        .expect(201);
    let company = json!({ "symbol": "ACME", "access_level": "organization" });
    let company = m1.post("/companies", &company).await.expect(201);
    let company = text(&company, "id");
    let outcome = |day: &str, more: Value| {
        let fields = json!({ "definition": "retail@1", "event": "exit", "occurred_on": day });
        with(with(outcome_on(company), fields), more)
    };
    let recorded = m1
        .post("/outcomes", &outcome("2023-05-01", json!({})))
        .await;
    assert_eq!(recorded.expect(201)["definition"], "retail@1");
    let personal = json!({ "access_level": "personal" });
    let other = m1.post("/outcomes", &outcome("2023-05-01", personal)).await;
    assert_eq!(other.problem(422), "unknown_definition");
    let missing = json!({ "definition": "retail@2" });
    let other = m1.post("/outcomes", &outcome("2023-05-02", missing)).await;
    assert_eq!(other.problem(422), "unknown_definition");
    let found = m1.get("/outcomes?definition=retail@1").await.expect(200);
    assert_eq!(found["data"].as_array().map(Vec::len), Some(1));

    let days = json!({ "complete_from": "2015-01-01", "complete_through": "2024-12-31" });
    let coverage = "/outcome-coverage/retail@1";
    let _ = oa.put(coverage, &days).await.expect(200);
    assert_eq!(m1.get(coverage).await.expect(200)["definition"], "retail@1");
    let missing = oa.put("/outcome-coverage/retail@2", &days).await;
    assert_eq!(missing.problem(404), "not_found");

    let back_test =
        |name: &str| json!({ "kind": "annual", "d0": "2022-12-31", "definition": name });
    let asked = oa.post("/validations", &back_test("retail@1")).await;
    assert_eq!(asked.expect(202)["definition"], "retail@1");
    let unknown = oa.post("/validations", &back_test("mine@1")).await;
    assert_eq!(unknown.problem(422), "unknown_definition");
    let moved = "/analytics/transitions?from=2022-12-31&definition=";
    assert_eq!(
        oa.get(&format!("{moved}mine@1")).await.problem(422),
        "unknown_definition"
    );
    assert_eq!(
        oa.get(&format!("{moved}retail@1")).await.problem(409),
        "too_few_rows"
    );

    let file = "company_symbol,definition,event,occurred_on\n\
                ACME,retail@1,exit,2023-06-01\nACME,retail@2,exit,2023-06-02\n\
                ACME,crr_178@1,exit,2023-06-03\nACME,retail@2,exit,2023-06-04\n";
    let upload = async || {
        let fields = [
            ("job_type", "outcomes"),
            ("access_level", "organization"),
            ("force", "true"),
        ];
        let job = m1
            .upload(("outcomes.csv", file.as_bytes().to_vec()), &fields)
            .await;
        let job = text(&job.expect(202), "id").to_owned();
        let done = service.finished(m1, &job).await;
        let rows = all_rows(m1, &format!("/bulk-uploads/{job}/rows?status=error"), 100).await;
        let codes: Vec<_> = rows
            .iter()
            .map(|row| {
                let fault = &row["problem"]["errors"][0];
                format!(
                    "{} {} {}",
                    row["row"],
                    text(fault, "pointer"),
                    text(fault, "code")
                )
            })
            .collect();
        (done, codes)
    };
    let (done, codes) = upload().await;
    assert_eq!(done["success_count"], 2, "{done}");
    assert_eq!(
        codes,
        [
            "3 definition unknown_definition",
            "5 definition unknown_definition"
        ]
    );

    let retire = format!("{PATH}/{}/retire", text(&made, "id"));
    assert_eq!(
        m1.post_nothing(&retire).await.problem(403),
        "role_forbidden"
    );
    let retired = oa.post_nothing(&retire).await.expect(200);
    assert!(retired["retired_at"].is_string(), "{retired}");
    assert_eq!(oa.post_nothing(&retire).await.expect(200), retired);
    assert_eq!(names(m1, "?is_retired=true", 20).await, ["retail@1"]);
    let late = m1
        .post("/outcomes", &outcome("2023-07-01", json!({})))
        .await;
    assert_eq!(late.problem(422), "definition_retired");
    let (_, codes) = upload().await;
    assert!(
        codes.contains(&"2 definition definition_retired".to_owned()),
        "{codes:?}"
    );
    // What was recorded under it can be read and validated further.
    let _ = m1.get(coverage).await.expect(200);
    let _ = oa
        .post("/validations", &back_test("retail@1"))
        .await
        .expect(202);
    let shipped = &all_rows(oa, &format!("{PATH}?code=crr_178"), 20).await[0];
    let shipped = format!("{PATH}/{}/retire", text(shipped, "id"));
    assert_eq!(
        users.user("sa").post_nothing(&shipped).await.problem(403),
        "role_forbidden"
    );
}

#[tokio::test]
async fn database_refuses_changes_of_a_definition() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let made = ana
        .post(PATH, &definition("mine", json!({})))
        .await
        .expect(201);
    let pool = service.database.superuser().await;
    let id = text(&made, "id");
    for change in [
        "days_past_due = 60",
        "code = 'other'",
        "version = 2",
        "name = 'x'",
    ] {
        let sql = format!("UPDATE default_definitions SET {change} WHERE id = '{id}'");
        let done = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&pool).await;
        let error = done.expect_err(change).to_string();
        assert!(error.contains("never changed"), "{change}: {error}");
    }
    let retire = format!("UPDATE default_definitions SET retired_at = now() WHERE id = '{id}'");
    run(&pool, &retire).await;
    let again = sqlx::query(sqlx::AssertSqlSafe(retire))
        .execute(&pool)
        .await;
    assert!(again.is_err());
    // It goes with the account, and is in the export of its maker.
    let export = ana.get("/me/export").await.expect(200);
    assert_eq!(export["default_definitions"][0]["code"], "mine", "{export}");
    let count: i64 = ask(&pool, "SELECT count(*) FROM default_definitions").await;
    assert_eq!(count, 1);
}
