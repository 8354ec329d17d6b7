//! Repeated requests (`Idempotency-Key`), and objects that have changed meanwhile
//! (`If-Match`).

use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::json;

use crate::support::{ask, file_of, prediction, run, text, with};

#[tokio::test]
async fn repeated_request_replays_the_first_response() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let again = ana.with("idempotency-key", "first-try");
    let body = prediction("ACME", "2024");
    let first = again.post("/predictions/annual", &body).await;
    let made = first.expect(201);
    assert_eq!(first.header("idempotency-replayed"), "");

    let second = again.post("/predictions/annual", &body).await;
    assert_eq!(second.expect(201), made);
    assert_eq!(second.header("idempotency-replayed"), "true");
    for header in ["location", "etag"] {
        assert_eq!(first.header(header), second.header(header));
        assert!(!first.header(header).is_empty(), "{header}");
    }
    // The same fields in another order are the same request.
    let mut pairs: Vec<_> = body.as_object().expect("an object").iter().collect();
    pairs.reverse();
    let reversed: Vec<String> = pairs.iter().map(|(k, v)| format!("{k:?}: {v}")).collect();
    let third = again
        .post_raw("/predictions/annual", format!("{{{}}}", reversed.join(",")))
        .await;
    assert_eq!(third.expect(201), made);
    let list = ana.get("/predictions/annual").await.expect(200);
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn idempotency_key_of_another_request_is_refused() {
    let service = Service::start().await;
    let (ana, ben) = (service.user("ana").await, service.user("ben").await);
    let again = ana.with("idempotency-key", "k");
    let _ = again
        .post("/companies", &json!({ "symbol": "ACME" }))
        .await
        .expect(201);
    let other = again
        .post("/companies", &json!({ "symbol": "OTHER" }))
        .await;
    assert_eq!(other.problem(422), "idempotency_mismatch");
    let elsewhere = again
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await;
    assert_eq!(elsewhere.problem(422), "idempotency_mismatch");
    // Another user's key is another key.
    let bens = ben
        .with("idempotency-key", "k")
        .post("/companies", &json!({ "symbol": "BENS" }))
        .await;
    let _ = bens.expect(201);
    let odd = ana
        .with("idempotency-key", "two words")
        .post("/companies", &json!({ "symbol": "X" }))
        .await;
    assert_eq!(odd.problem(422), "invalid_idempotency_key");
}

#[tokio::test]
async fn failed_request_can_be_corrected_under_the_same_key() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let again = ana.with("idempotency-key", "k");
    let _ = again
        .post("/companies", &json!({ "symbol": "" }))
        .await
        .problem(422);
    let _ = again
        .post("/companies", &json!({ "symbol": "ACME" }))
        .await
        .expect(201);
}

#[tokio::test]
async fn ten_concurrent_equal_requests_are_carried_out_once() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let again = ana.with("idempotency-key", "race");
            tokio::spawn(async move {
                again
                    .post("/predictions/annual", &prediction("ACME", "2024"))
                    .await
            })
        })
        .collect();
    let mut ids = std::collections::BTreeSet::new();
    for task in tasks {
        let answer = task.await.expect("an answer");
        match answer.status.as_u16() {
            201 => drop(ids.insert(text(&answer.json(), "id").to_owned())),
            _ => assert_eq!(answer.problem(409), "idempotency_in_flight"),
        }
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(
        ask::<i64>(&pool, "SELECT count(*) FROM annual_predictions").await,
        1
    );
    assert_eq!(
        ask::<i64>(
            &pool,
            "SELECT count(*) FROM audit_logs WHERE event_type = 'prediction.created'"
        )
        .await,
        1
    );
}

#[tokio::test]
async fn repeated_upload_is_one_upload_whatever_its_boundary() {
    let service = Service::start().await;
    let ana = service
        .user("ana")
        .await
        .with("idempotency-key", "upload-1");
    let send = || ana.upload(("a.csv", file_of(["A", "B"])), &[("job_type", "annual")]);
    let (first, second) = (send().await, send().await);
    assert_eq!(second.expect(202)["id"], first.expect(202)["id"]);
    assert_eq!(second.header("idempotency-replayed"), "true");
    let other = ana
        .upload(("a.csv", file_of(["A", "C"])), &[("job_type", "annual")])
        .await;
    assert_eq!(other.problem(422), "idempotency_mismatch");
}

#[tokio::test]
async fn removal_with_a_stale_or_invalid_if_match_is_refused() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let made = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await;
    let id = text(&made.expect(201), "id").to_owned();
    let path = format!("/predictions/annual/{id}");
    let read = made.header("etag").to_owned();
    assert_eq!(ana.get(&path).await.header("etag"), read);
    let newer = with(
        prediction("ACME", "2024"),
        json!({ "on_conflict": "update" }),
    );
    let replaced = ana.post("/predictions/annual", &newer).await;
    let _ = replaced.expect(200);
    assert_ne!(replaced.header("etag"), read);

    assert_eq!(
        ana.with("if-match", &read).delete(&path).await.problem(412),
        "stale"
    );
    let weak = ana.with("if-match", "W/\"1\"").delete(&path).await;
    assert!(weak.text.contains("proxy"), "{}", weak.text);
    assert_eq!(weak.problem(412), "stale");
    // An invalid tag is reported after access and body.
    let malformed = ana.with("if-match", "1");
    assert_eq!(malformed.delete(&path).await.problem(422), "invalid_header");
    let nowhere = "/predictions/annual/00000000-0000-0000-0000-000000000001";
    assert_eq!(malformed.delete(nowhere).await.problem(404), "not_found");
    let body = malformed.patch(&path, &json!({ "colour": "red" })).await;
    assert_eq!(body.faults(), ["/colour unknown_field"]);
    let unchanged = ana
        .with("if-none-match", replaced.header("etag"))
        .get(&path)
        .await;
    assert_eq!(
        (unchanged.status.as_u16(), unchanged.text.as_str()),
        (304, "")
    );
    let _ = ana
        .with("if-none-match", &read)
        .get(&path)
        .await
        .expect(200);
    let _ = ana
        .with("if-match", replaced.header("etag"))
        .delete(&path)
        .await
        .expect(204);
    assert_eq!(ana.get(&path).await.problem(404), "not_found");
}

#[tokio::test]
async fn replay_is_refused_after_leaving_the_organization() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let m1 = users.user("m1");
    let again = m1.with("idempotency-key", "of-a");
    let body = json!({ "symbol": "SECRET" });
    let made = again.post("/companies", &body).await.expect(201);
    assert_eq!(made["access_level"], "organization");
    assert_eq!(again.post("/companies", &body).await.expect(201), made);
    let pool = service.database.superuser().await;
    let leave = format!(
        "UPDATE users SET role = 'user', organization_id = NULL WHERE id = '{}'",
        m1.id
    );
    run(&pool, &leave).await;
    let left = again.post("/companies", &body).await;
    assert_eq!(left.problem(422), "idempotency_mismatch");
}
