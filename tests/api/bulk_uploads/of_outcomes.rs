//! `POST /bulk-uploads` with `job_type=outcomes`

use accunode_tests::{Service, TestUser};
use serde_json::{Value, json};

use super::outcomes::counts;
use crate::support::{prediction, text};

const HEADER: &str = "company_symbol,definition,event,occurred_on,technical,external_id,note";

fn file(lines: &[&str]) -> Vec<u8> {
    format!("{HEADER}\n{}\n", lines.join("\n")).into_bytes()
}

/// Creates companies with these symbols.
async fn companies(user: &TestUser, symbols: &[&str]) {
    for symbol in symbols {
        let body = json!({ "symbol": symbol, "name": symbol, "sector": "Energy" });
        let _ = user.post("/companies", &body).await.expect(201);
    }
}

async fn upload(
    service: &Service,
    user: &TestUser,
    bytes: Vec<u8>,
    options: &[(&str, &str)],
) -> Value {
    let fields: Vec<(&str, &str)> = [("job_type", "outcomes")]
        .into_iter()
        .chain(options.iter().copied())
        .collect();
    let job = user.upload(("defaults.csv", bytes), &fields).await;
    service.finished(user, text(&job.expect(202), "id")).await
}

async fn listed(user: &TestUser, query: &str) -> Vec<Value> {
    let list = user.get(&format!("/outcomes?limit=100&{query}")).await;
    list.expect(200)["data"].as_array().cloned().expect("rows")
}

const LINES: [&str; 7] = [
    // A cure may precede its default in the file.
    "ACME,crr_178@1,cure,2024-09-01,,C-1,",
    "ACME,crr_178@1,default,2024-03-01,,D-1,unlikely to pay",
    "BETA,bankruptcy@1,,2024-05-31,,D-2,",
    "BETA,crr_178@1,default,2024-04-30,yes,,",
    "ACME,crr_178@1,default,2024-03-01,,,again",
    "GAMA,crr_178@1,cure,2024-01-01,,,",
    "NONE,crr_178@1,default,2024-01-01,,,",
];

#[tokio::test]
async fn outcome_file_is_recorded_and_reported_row_by_row() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    companies(&ana, &["ACME", "BETA", "GAMA"]).await;
    let done = upload(&service, &ana, file(&LINES), &[]).await;
    assert_eq!(
        (&done["status"], &done["job_type"]),
        (&json!("completed"), &json!("outcomes")),
        "{done}"
    );
    assert_eq!(counts(&done), [4, 0, 1, 2]);
    let recorded = listed(&ana, "").await;
    assert_eq!(recorded.len(), 4);
    let default = listed(&ana, "symbol=ACME&event=default").await;
    assert_eq!(default[0]["external_id"], "D-1");
    assert_eq!(default[0]["note"], "unlikely to pay");
    let technical = listed(&ana, "symbol=BETA&definition=crr_178@1").await;
    assert_eq!(technical[0]["technical"], true);

    let path = format!("/bulk-uploads/{}/rows", text(&done, "id"));
    let rows = ana.get(&path).await.expect(200);
    let rows = rows["data"].as_array().expect("rows");
    let statuses: Vec<_> = rows.iter().map(|row| text(row, "status")).collect();
    assert_eq!(
        statuses,
        ["ok", "ok", "ok", "ok", "skipped", "error", "error"]
    );
    assert_eq!(rows[1]["outcome_id"], default[0]["id"]);
    assert_eq!(rows[1]["prediction_id"], Value::Null);
    let codes: Vec<_> = rows[4..]
        .iter()
        .map(|row| row["problem"]["errors"][0]["code"].clone())
        .collect();
    assert_eq!(
        codes,
        ["outcome_exists", "not_in_default", "unknown_company"]
    );
    // The failed rows are returned with their columns and their errors.
    let failed = ana.get_as(&path, "text/csv").await.text;
    assert_eq!(failed.lines().count(), 3);
    assert!(failed.contains("NONE,crr_178@1,default,2024-01-01"));

    // Once more: everything exists already.
    let again = upload(&service, &ana, file(&LINES), &[("force", "true")]).await;
    assert_eq!(counts(&again), [0, 0, 5, 2]);
    let twice = ana
        .upload(("defaults.csv", file(&LINES)), &[("job_type", "outcomes")])
        .await;
    assert_eq!(twice.problem(409), "duplicate_file");
    let events = ana
        .get("/audit-logs?event_type=outcomes.bulk_recorded")
        .await
        .expect(200);
    assert_eq!(events["data"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn failed_outcome_rows_succeed_on_retry_once_companies_exist() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    companies(&ana, &["ACME"]).await;
    let lines = [
        "ACME,crr_178@1,default,2024-03-01,,,",
        "LATE,crr_178@1,default,2024-03-01,,,",
    ];
    let done = upload(&service, &ana, file(&lines), &[]).await;
    assert_eq!(counts(&done), [1, 0, 0, 1]);
    companies(&ana, &["LATE"]).await;
    let retry = format!("/bulk-uploads/{}/retry", text(&done, "id"));
    let job = ana.post_nothing(&retry).await.expect(202);
    let done = service.finished(&ana, text(&job, "id")).await;
    assert_eq!(
        (counts(&done), &done["job_type"]),
        ([1, 0, 0, 0], &json!("outcomes"))
    );
    assert_eq!(listed(&ana, "").await.len(), 2);
}

#[tokio::test]
async fn outcome_dry_run_reports_the_same_and_records_nothing() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    companies(&ana, &["ACME", "BETA"]).await;
    let first = [
        "ACME,crr_178@1,default,2024-03-01,,X,",
        "BETA,crr_178@1,default,2024-03-01,,,",
        "BETA,crr_178@1,cure,2024-06-01,,,",
    ];
    // More than a chunk of rows is in between.
    let between = vec!["NONE,crr_178@1,default,2024-03-01,,,"; 6_000];
    let last = [
        "ACME,crr_178@1,default,2024-03-01,,,",
        "ACME,crr_178@1,default,2024-05-01,,,",
        "BETA,crr_178@1,default,2024-07-01,,X,",
    ];
    let lines = [&first[..], &between[..], &last[..]].concat();
    let tried = upload(&service, &ana, file(&lines), &[("dry_run", "true")]).await;
    assert_eq!(counts(&tried), [3, 0, 1, 6_002], "{tried}");
    assert_eq!(listed(&ana, "").await.len(), 0);
    let rows = async |job: &Value| {
        let path = format!("/bulk-uploads/{}/rows", text(job, "id"));
        let mut parts = Vec::new();
        for part in ["limit=5", "status=skipped", "status=error&limit=2"] {
            parts.push(ana.get(&format!("{path}?{part}")).await.expect(200));
        }
        let rows = json!({ "data": parts.iter().flat_map(|part| part["data"].as_array().expect("rows").clone()).collect::<Vec<_>>() });
        let outcomes = rows["data"].as_array().cloned().expect("rows").into_iter();
        let outcomes = outcomes.map(|row| {
            let code = row["problem"]["errors"][0]["code"].clone();
            (row["status"].clone(), code)
        });
        outcomes.collect::<Vec<_>>()
    };
    let expected = rows(&tried).await;
    let done = upload(&service, &ana, file(&lines), &[]).await;
    assert_eq!(counts(&done), counts(&tried));
    assert_eq!(rows(&done).await, expected);
}

#[tokio::test]
async fn undoing_an_outcome_upload_withdraws_its_outcomes_unless_needed() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    companies(&ana, &["ACME", "BETA"]).await;
    let lines = [
        "ACME,crr_178@1,default,2024-03-01,,,",
        "BETA,crr_178@1,default,2024-03-01,,,",
        "BETA,bankruptcy@1,default,2024-03-01,,,",
    ];
    let done = upload(&service, &ana, file(&lines), &[]).await;
    // A cure that would have no default without the upload.
    let body = json!({
        "company": { "symbol": "BETA" }, "definition": "crr_178@1", "event": "cure",
        "occurred_on": "2024-08-01",
    });
    let _ = ana.post("/outcomes", &body).await.expect(201);
    let path = format!("/bulk-uploads/{}?predictions=delete", text(&done, "id"));
    let undone = ana.delete(&path).await.expect(200);
    assert_eq!(undone, json!({ "deleted": 2, "restored": 0, "kept": 1 }));
    assert_eq!(listed(&ana, "symbol=ACME").await.len(), 0);
    assert_eq!(listed(&ana, "symbol=BETA").await.len(), 2);
    let all = listed(&ana, "symbol=ACME&include_withdrawn=true").await;
    assert!(
        all[0]["withdrawn_reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("undone"))
    );
}

#[tokio::test]
async fn invalid_outcome_file_or_form_reports_every_fault() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let wrong = ana
        .upload(
            ("a.csv", file(&LINES)),
            &[
                ("job_type", "outcomes"),
                ("on_conflict", "update"),
                ("units", "x:percent"),
            ],
        )
        .await;
    let faults = wrong.faults();
    assert!(
        faults
            .iter()
            .filter(|f| f.contains("not_for_outcomes"))
            .count()
            == 2,
        "{faults:?}"
    );
    let lacking = b"symbol,when\nACME,2024-01-01\n".to_vec();
    let lacking = ana
        .upload(("a.csv", lacking), &[("job_type", "outcomes")])
        .await;
    assert!(
        lacking.text.contains("missing_columns") && lacking.text.contains("occurred_on"),
        "{}",
        lacking.text
    );
    let template = ana.get("/bulk-uploads/templates/outcomes.csv").await;
    let header = template.text.lines().next().unwrap_or_default();
    assert!(
        header.starts_with("company_symbol,definition,event,occurred_on"),
        "{header} {}",
        template.status
    );
    // It makes no prediction either.
    let _ = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    let listed = ana.get("/bulk-uploads?job_type=outcomes").await.expect(200);
    assert_eq!(listed["data"], json!([]));
}
