//! `POST /bulk-uploads/{id}/retry` and `DELETE /bulk-uploads/{id}`

use accunode_tests::{Service, ServiceOptions};
use serde_json::{Value, json};

use super::outcomes::counts;
use crate::support::{all_rows, file, file_of, line, prediction, submit, text};

#[tokio::test]
async fn retry_uploads_the_failed_rows_as_a_new_upload() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let there = ana
        .post("/predictions/annual", &prediction("THERE", "2024"))
        .await
        .expect(201);
    let lines = [
        line("NEW", "2024", "2.0"),
        line("THERE", "2024", "3.0"),
        line("BAD", "24", "2.0"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let job = submit(&ana, "rows.csv", file(&lines), &[]).await;
    assert_eq!(counts(&service.finished(&ana, &job).await), [1, 0, 0, 2]);

    // The conflict is gone; invalid rows are still invalid.
    let path = format!("/predictions/annual/{}", text(&there, "id"));
    let _ = ana.delete(&path).await.expect(204);
    let once = ana.with("Idempotency-Key", "again-1");
    let retry = format!("/bulk-uploads/{job}/retry");
    let answer = once.post_nothing(&retry).await;
    let again = answer.expect(202);
    let again_id = text(&again, "id").to_owned();
    assert_ne!(again_id, job);
    assert_eq!(
        answer.header("location"),
        format!("/api/v1/bulk-uploads/{again_id}")
    );
    assert_eq!(again["original_filename"], "rows.retry.csv");
    let repeated = once.post_nothing(&retry).await;
    assert_eq!(repeated.expect(202), again);
    assert_eq!(repeated.header("idempotency-replayed"), "true");
    assert_eq!(all_rows(&ana, "/bulk-uploads", 10).await.len(), 2);
    assert_eq!(
        counts(&service.finished(&ana, &again_id).await),
        [1, 0, 0, 1]
    );
    assert_eq!(
        counts(&ana.get(&format!("/bulk-uploads/{job}")).await.expect(200)),
        [1, 0, 0, 2]
    );

    let whole = submit(&ana, "whole.csv", file_of(["WHOLE"]), &[]).await;
    service.finished(&ana, &whole).await;
    let nothing = ana
        .post_nothing(&format!("/bulk-uploads/{whole}/retry"))
        .await;
    assert_eq!(nothing.problem(409), "nothing_to_retry");
}

#[tokio::test]
async fn deleting_an_upload_undoes_or_keeps_its_predictions_as_requested() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let kept = submit(&ana, "kept.csv", file_of(["A", "B"]), &[]).await;
    service.finished(&ana, &kept).await;
    let undone = submit(&ana, "undone.csv", file_of(["C", "D", "E"]), &[]).await;
    service.finished(&ana, &undone).await;
    let total =
        async || ana.get("/dashboard").await.expect(200)["annual"]["total_predictions"].clone();
    assert_eq!(total().await, 5);

    let wrong = ana
        .delete(&format!("/bulk-uploads/{undone}?predictions=perhaps"))
        .await;
    assert_eq!(wrong.faults(), ["/predictions unknown_value"]);
    let answer = ana
        .delete(&format!("/bulk-uploads/{undone}?predictions=delete"))
        .await
        .expect(200);
    assert_eq!(answer, json!({ "deleted": 3, "restored": 0, "kept": 0 }));
    assert_eq!(total().await, 2);
    let _ = ana
        .delete(&format!("/bulk-uploads/{kept}"))
        .await
        .expect(204);
    assert_eq!(total().await, 2);
    for job in [&kept, &undone] {
        assert_eq!(
            ana.get(&format!("/bulk-uploads/{job}")).await.problem(404),
            "not_found"
        );
        assert_eq!(
            ana.get(&format!("/bulk-uploads/{job}/rows"))
                .await
                .problem(404),
            "not_found"
        );
    }
    assert!(all_rows(&ana, "/bulk-uploads", 10).await.is_empty());
    // Nothing conflicts with the same file any more.
    let again = submit(&ana, "undone.csv", file_of(["C", "D", "E"]), &[]).await;
    assert_eq!(counts(&service.finished(&ana, &again).await), [3, 0, 0, 0]);

    let pool = service.database.superuser().await;
    let events: Value = crate::support::ask(
        &pool,
        "SELECT jsonb_agg(new_values ORDER BY created_at) FROM audit_logs WHERE event_type = 'bulk_upload.deleted'",
    )
    .await;
    assert_eq!(
        events,
        json!([
            { "predictions_deleted": 3, "predictions_restored": 0, "predictions_kept": 0 },
            { "predictions_deleted": 0, "predictions_restored": 0, "predictions_kept": 0 },
        ])
    );
}

/// Returns the content of a prediction, without the counters of its changes.
fn content(prediction: &Value) -> Value {
    let mut content = prediction.clone();
    for name in ["updated_at", "row_version", "explanation"] {
        content.as_object_mut().map(|fields| fields.remove(name));
    }
    content
}

#[tokio::test]
async fn undoing_an_upload_restores_updates_and_keeps_later_changes() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let mut before = Vec::new();
    for symbol in ["SAME", "CORRECTED", "AGAIN", "GONE"] {
        let made = ana
            .post("/predictions/annual", &prediction(symbol, "2024"))
            .await
            .expect(201);
        let path = format!("/predictions/annual/{}", text(&made, "id"));
        before.push((ana.get(&path).await.expect(200), path));
    }
    let update = [("on_conflict", "update")];
    let lines = [
        line("SAME", "2024", "7.0"),
        line("CORRECTED", "2024", "7.0"),
        line("AGAIN", "2024", "7.0"),
        line("GONE", "2024", "7.0"),
        line("MADE", "2024", "7.0"),
        line("MADEANDMENDED", "2024", "7.0"),
        // The last row of a company and period counts, and the restored content is that
        // from before the file.
        line("SAME", "2024", "8.0"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let job = submit(&ana, "update.csv", file(&lines), &update).await;
    assert_eq!(counts(&service.finished(&ana, &job).await), [2, 4, 1, 0]);
    let same = ana.get(&before[0].1).await.expect(200);
    assert_ne!(content(&same), content(&before[0].0), "it was updated");

    let correction = json!({ "ratios": { "total_debt_to_ebitda": 1.5 } });
    let _ = ana.patch(&before[1].1, &correction).await.expect(200);
    let later = submit(
        &ana,
        "later.csv",
        file(&[&line("AGAIN", "2024", "9.0")]),
        &update,
    )
    .await;
    assert_eq!(counts(&service.finished(&ana, &later).await), [0, 1, 0, 0]);
    let _ = ana.delete(&before[3].1).await.expect(204);
    let list = ana
        .get("/predictions/annual?symbol=MADEANDMENDED")
        .await
        .expect(200);
    let mended = format!("/predictions/annual/{}", text(&list["data"][0], "id"));
    let _ = ana.patch(&mended, &correction).await.expect(200);
    let (corrected, again) = (
        ana.get(&before[1].1).await.expect(200),
        ana.get(&before[2].1).await.expect(200),
    );

    let path = format!("/bulk-uploads/{job}?predictions=delete");
    let undone = ana.delete(&path).await.expect(200);
    assert_eq!(undone, json!({ "deleted": 1, "restored": 1, "kept": 3 }));
    let restored = ana.get(&before[0].1).await.expect(200);
    assert_eq!(content(&restored), content(&before[0].0));
    for (path, was) in [(&before[1].1, corrected), (&before[2].1, again)] {
        assert_eq!(content(&ana.get(path).await.expect(200)), content(&was));
    }
    let _ = ana.get(&mended).await.expect(200);
    let gone = ana.get("/predictions/annual?symbol=MADE").await.expect(200);
    assert_eq!(gone["data"], json!([]));
    // The content of the upload stays in the revisions of the restored prediction.
    let history = ana
        .get(&format!("{}/revisions", before[0].1))
        .await
        .expect(200);
    assert!(
        history["data"]
            .as_array()
            .is_some_and(|rows| rows.len() >= 2),
        "{history}"
    );
}

/// Returns the debt ratio of the only prediction of a symbol, if it exists.
async fn debt_of(ana: &accunode_tests::TestUser, symbol: &str) -> Vec<Value> {
    let list = ana
        .get(&format!("/predictions/annual?symbol={symbol}"))
        .await
        .expect(200);
    let rows = list["data"].as_array().cloned().unwrap_or_default();
    let debt = |row: &Value| row["ratios"]["total_debt_to_ebitda"].clone();
    rows.iter().map(debt).collect()
}

#[tokio::test]
async fn uploads_of_one_prediction_are_undone_newest_first() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let mut jobs = Vec::new();
    for (n, debt) in ["2.0", "3.0", "4.0"].into_iter().enumerate() {
        let row = line("ACME", "2024", debt);
        let options = [("on_conflict", "update")];
        let job = submit(&ana, &format!("{n}.csv"), file(&[&row]), &options).await;
        service.finished(&ana, &job).await;
        jobs.push(job);
    }
    let undo = async |job: &str| {
        let path = format!("/bulk-uploads/{job}?predictions=delete");
        ana.delete(&path).await.expect(200)
    };
    let restored = json!({ "deleted": 0, "restored": 1, "kept": 0 });
    assert_eq!(undo(&jobs[2]).await, restored);
    assert_eq!(debt_of(&ana, "ACME").await, [json!(3.0)]);
    // A further upload replaces the restored prediction, and is undone like any other.
    let again = submit(
        &ana,
        "again.csv",
        file(&[&line("ACME", "2024", "5.0")]),
        &[("on_conflict", "update")],
    )
    .await;
    service.finished(&ana, &again).await;
    assert_eq!(undo(&again).await, restored);
    assert_eq!(undo(&jobs[1]).await, restored);
    assert_eq!(debt_of(&ana, "ACME").await, [json!(2.0)]);
    let deleted = json!({ "deleted": 1, "restored": 0, "kept": 0 });
    assert_eq!(undo(&jobs[0]).await, deleted);
    assert_eq!(debt_of(&ana, "ACME").await, [] as [Value; 0]);
}

#[tokio::test]
async fn correction_between_two_undone_uploads_is_kept() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let mut jobs = Vec::new();
    for (n, debt) in ["2.0", "3.0"].into_iter().enumerate() {
        let row = line("ACME", "2024", debt);
        let options = [("on_conflict", "update")];
        let job = submit(&ana, &format!("{n}.csv"), file(&[&row]), &options).await;
        service.finished(&ana, &job).await;
        jobs.push(job);
    }
    let undo = async |job: &str| {
        let path = format!("/bulk-uploads/{job}?predictions=delete");
        ana.delete(&path).await.expect(200)
    };
    let _ = undo(&jobs[1]).await;
    let list = ana.get("/predictions/annual?symbol=ACME").await.expect(200);
    let path = format!("/predictions/annual/{}", text(&list["data"][0], "id"));
    for debt in [9.0, 2.0] {
        let correction = json!({ "ratios": { "total_debt_to_ebitda": debt } });
        let _ = ana.patch(&path, &correction).await.expect(200);
    }
    let kept = json!({ "deleted": 0, "restored": 0, "kept": 1 });
    assert_eq!(undo(&jobs[0]).await, kept);
    assert_eq!(debt_of(&ana, "ACME").await, [json!(2.0)]);
}

#[tokio::test]
async fn undoing_a_dry_run_changes_nothing() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let made = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    let path = format!("/predictions/annual/{}", text(&made, "id"));
    let before = ana.get(&path).await.expect(200);
    let options = [("on_conflict", "update"), ("dry_run", "true")];
    let job = submit(
        &ana,
        "dry.csv",
        file(&[&line("ACME", "2024", "7.0")]),
        &options,
    )
    .await;
    service.finished(&ana, &job).await;
    let undone = ana
        .delete(&format!("/bulk-uploads/{job}?predictions=delete"))
        .await;
    assert_eq!(
        undone.expect(200),
        json!({ "deleted": 0, "restored": 0, "kept": 0 })
    );
    assert_eq!(ana.get(&path).await.expect(200), before);
}

#[tokio::test]
async fn running_upload_cannot_be_removed() {
    let service = Service::with(ServiceOptions::default().without_worker()).await;
    let ana = service.user("ana").await;
    let job = submit(&ana, "a.csv", file_of(["A"]), &[]).await;
    let path = format!("/bulk-uploads/{job}");
    assert_eq!(ana.delete(&path).await.problem(409), "running");
    assert_eq!(
        ana.post_nothing(&format!("{path}/retry"))
            .await
            .problem(409),
        "nothing_to_retry"
    );
    let cancelled = ana.post_nothing(&format!("{path}/cancel")).await;
    assert_eq!(
        ana.with("if-match", "\"999\"")
            .delete(&path)
            .await
            .problem(412),
        "stale"
    );
    let _ = ana
        .with("if-match", cancelled.header("etag"))
        .delete(&path)
        .await
        .expect(204);
}
