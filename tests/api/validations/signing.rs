//! A report is signed off once, by another user than its requester.

use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::{Value, json};

use super::{
    complete,
    portfolio::{Owner, companies, predict, usual},
    validated,
};
use crate::support::text;

async fn reported(service: &Service, users: &Tenancy) -> Value {
    let oa = users.user("oA");
    let pool = service.database.superuser().await;
    let owner = Owner::organization(users.organization("A"), oa.id);
    let ids = companies(&pool, &owner, 3).await;
    let rows: Vec<_> = ids.iter().map(|id| usual(*id, 0.01)).collect();
    predict(&pool, &owner, &rows).await;
    let coverage = "/outcome-coverage/bankruptcy@1";
    let _ = oa.put(coverage, &complete(&json!({}))).await.expect(200);
    let body = json!({ "kind": "annual", "d0": "2022-12-31" });
    validated(service, oa, &body).await
}

#[tokio::test]
async fn report_is_signed_off_once_and_never_by_its_requester() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let report = reported(&service, &users).await;
    assert_eq!(report["status"], "completed", "{report}");
    let path = format!("/validations/{}", text(&report, "id"));
    let sign = format!("{path}/sign-off");
    let body = json!({ "assessment": 2, "comment": "PDs are fine" });
    let [oa, tr] = ["oA", "tR"].map(|name| users.user(name));
    assert_eq!(oa.post(&sign, &body).await.problem(403), "four_eyes");
    let m1 = users.user("m1").post(&sign, &body).await;
    assert_eq!(m1.problem(403), "role_forbidden");
    for (wrong, pointer) in [
        (json!({ "assessment": 5, "comment": "x" }), "/assessment"),
        (json!({ "assessment": 2, "comment": " " }), "/comment"),
    ] {
        let faults = tr.post(&sign, &wrong).await.faults();
        assert!(faults[0].contains(pointer), "{faults:?}");
    }

    let signed = tr.post(&sign, &body).await.expect(200);
    assert_eq!(signed["assessment"], 2);
    assert_eq!(text(&signed, "signed_off_by"), tr.id.to_string());
    assert_eq!(tr.post(&sign, &body).await.problem(409), "signed_off");
    let now = oa.get(&path).await.expect(200);
    assert_eq!(now["comment"], "PDs are fine");
    assert_eq!(now["report"], report["report"]);
    let list = oa
        .get("/validations?is_signed_off=true&verdict=undetermined")
        .await
        .expect(200);
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
    let version = text(&now, "model_version");
    for (filter, count) in [
        (format!("model_version={version}"), 1),
        ("model_version=0.0.1".to_owned(), 0),
        ("definition=bankruptcy@1".to_owned(), 1),
        ("definition=crr_178@1".to_owned(), 0),
    ] {
        let list = oa.get(&format!("/validations?{filter}")).await.expect(200);
        let found = list["data"].as_array().map(Vec::len);
        assert_eq!(found, Some(count), "{filter}");
    }
    let events = oa.get("/audit-logs?entity_type=validation_report").await;
    let event = &events.expect(200)["data"][0];
    assert_eq!(text(event, "event_type"), "validation.signed_off");
    assert_eq!(
        event["new_values"]["report_sha256"],
        report["report_sha256"]
    );
}

#[tokio::test]
async fn keys_and_requesters_cannot_sign_off_a_report() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let report = reported(&service, &users).await;
    let id = text(&report, "id");
    let tr = users.user("tR");
    let key = json!({ "name": "all", "scopes": ["admin", "write", "read"] });
    let key = tr.post("/api-keys", &key).await.expect(201);
    let program = service.anonymous().with_token(text(&key, "secret"));
    let body = json!({ "assessment": 1, "comment": "no" });
    let refused = program
        .post(&format!("/validations/{id}/sign-off"), &body)
        .await;
    assert_eq!(refused.problem(403), "key_forbidden");

    let pool = service.database.superuser().await;
    for (change, constraint) in [
        (
            "assessment = 1, comment = 'x', signed_off_at = now(), signed_off_by = created_by",
            "validation_reports_four_eyes",
        ),
        ("verdict = 'breach'", "validation_reports_immutable"),
        ("request = '{}'", "validation_reports_immutable"),
        ("status = 'pending'", "validation_reports_immutable"),
    ] {
        let sql = sqlx::AssertSqlSafe(format!("UPDATE validation_reports SET {change}"));
        let error = sqlx::query(sql).execute(&pool).await.expect_err("refused");
        let message = error.to_string();
        let named = error
            .as_database_error()
            .and_then(|error| error.constraint())
            .map(str::to_owned);
        assert_eq!(named.as_deref(), Some(constraint), "{message}");
    }
}

#[tokio::test]
async fn repeated_request_makes_one_report_and_user_deletion_removes_it() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let coverage = "/outcome-coverage/bankruptcy@1";
    let _ = ana.put(coverage, &complete(&json!({}))).await.expect(200);
    let body = json!({ "kind": "annual", "d0": "2022-12-31" });
    let once = ana.with("Idempotency-Key", "\"back-test-1\"");
    let first = once.post("/validations", &body).await.expect(202);
    assert_eq!(once.post("/validations", &body).await.expect(202), first);
    let list = ana.get("/validations").await.expect(200);
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
    let export = ana.get("/me/export").await;
    assert!(
        export.text.contains(text(&first, "id")),
        "{}",
        export.text.len()
    );
    service.finished(&ana, text(&first, "id")).await;
    let gone = ana.delete("/me").await;
    assert!(gone.status.is_success(), "{}", gone.text);
    let pool = service.database.superuser().await;
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM validation_reports")
        .fetch_one(&pool)
        .await
        .expect("a count");
    assert_eq!(left, 0);
}
