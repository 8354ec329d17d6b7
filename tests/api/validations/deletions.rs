//! Predictions that were deleted after the first day of a window are missing from its sample.

use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    complete,
    portfolio::{Owner, Predicted, RecordedOutcome, companies, insert_outcomes, predict, usual},
    validated, window,
};
use crate::support::{run, text};

#[tokio::test]
async fn report_counts_deletions_and_is_at_best_attention_above_one_in_a_hundred() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let pool = service.database.superuser().await;
    let oa = users.user("oA");
    let owner = Owner::organization(users.organization("A"), oa.id);
    let _ = oa
        .put("/outcome-coverage/bankruptcy@1", &complete(&json!({})))
        .await
        .expect(200);
    // As many defaults as predicted: nothing is conspicuous.
    let ids = companies(&pool, &owner, 301).await;
    let rows: Vec<Predicted> = ids.iter().map(|id| usual(*id, 0.04)).collect();
    predict(&pool, &owner, &rows).await;
    let defaults: Vec<RecordedOutcome> = ids[..12]
        .iter()
        .map(|id| {
            let day = "2023-05-01".to_owned();
            (*id, "default", day, false, "2023-06-01T00:00:00Z")
        })
        .collect();
    insert_outcomes(&pool, &owner, "bankruptcy@1", &defaults).await;
    let by = |basis: &str| json!({ "kind": "annual", "d0": "2022-12-31", "basis": basis });
    let before = validated(&service, oa, &by("recorded")).await;
    assert_eq!(before["verdict"], "unobtrusive");
    assert_eq!(window(&before)["sample"]["deleted"], 0);

    // One over the API, then with their companies, as the undo of an upload would.
    let one: Uuid = sqlx::query_scalar("SELECT id FROM annual_predictions WHERE company_id = $1")
        .bind(ids[300])
        .fetch_one(&pool)
        .await
        .expect("a prediction");
    let path = format!("/predictions/annual/{one}");
    assert_eq!(oa.delete(&path).await.status.as_u16(), 204);
    let again = validated(&service, oa, &by("recorded")).await;
    assert_eq!(window(&again)["sample"]["deleted"], 1);
    assert_eq!(window(&again)["sample"]["population"], 300);
    assert_eq!(again["verdict"], "unobtrusive", "one in 301 is no share");
    let gone = format!(
        "DELETE FROM companies WHERE id IN ('{}', '{}', '{}')",
        ids[297], ids[298], ids[299]
    );
    run(&pool, &gone).await;
    for basis in ["recorded", "period"] {
        let report = validated(&service, oa, &by(basis)).await;
        let window = window(&report);
        assert_eq!(window["sample"]["deleted"], 4, "{basis}");
        assert_eq!(window["verdicts"]["deletions"], "attention");
        assert_eq!(window["verdicts"]["portfolio"], "unobtrusive");
        assert_eq!(report["verdict"], "attention");
        let markdown = format!("/validations/{}/report.md", text(&report, "id"));
        let markdown = oa.get(&markdown).await.text;
        assert!(
            markdown.contains("Deletions took 0.013289 of the population"),
            "{markdown}"
        );
    }
    // By a rule that allows more, which the report and the audit log keep.
    let mut ruled = by("recorded");
    ruled["verdict_rule"] = json!({ "most_deleted": 0.02 });
    let report = validated(&service, oa, &ruled).await;
    assert_eq!(report["verdict"], "unobtrusive");
    let rule =
        json!({ "attention": 0.05, "breach": 0.01, "fewest_defaults": 10, "most_deleted": 0.02 });
    assert_eq!(report["verdict_rule"], rule);
    assert_eq!(report["report"]["parameters"]["verdict_rule"], rule);
    let events = oa
        .get("/audit-logs?event_type=validation.created")
        .await
        .expect(200);
    let newest = &events["data"][0]["new_values"]["request"];
    assert_eq!(newest["verdict_rule"], rule);
    ruled["verdict_rule"] = json!({ "fewest_defaults": 13 });
    let report = validated(&service, oa, &ruled).await;
    assert_eq!(window(&report)["verdicts"]["portfolio"], "undetermined");
    for (field, rule) in [
        ("breach", json!({ "breach": 0.2 })),
        ("fewest_defaults", json!({ "fewest_defaults": 0 })),
    ] {
        ruled["verdict_rule"] = rule;
        let faults = oa.post("/validations", &ruled).await.faults();
        let pointer = format!("/verdict_rule/{field} ");
        assert!(
            faults.iter().any(|fault| fault.starts_with(&pointer)),
            "{faults:?}"
        );
    }
    // What was deleted before the first day was not in force on it.
    let late = "UPDATE prediction_deletions SET deleted_at = '2022-12-31T20:00:00Z'";
    run(&pool, late).await;
    let report = validated(&service, oa, &by("recorded")).await;
    assert_eq!(window(&report)["sample"]["deleted"], 0);
    assert_eq!(report["verdict"], Value::from("unobtrusive"));
}
