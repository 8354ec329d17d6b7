//! Predictions for a company and period that have one already.

use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::{Value, json};

use crate::support::{ask, number, prediction, text, with};

fn worse(on_conflict: &str) -> Value {
    let mut body = with(
        prediction("ACME", "2024"),
        json!({ "on_conflict": on_conflict }),
    );
    body["ratios"]["return_on_assets"] = json!(-0.3);
    body
}

#[tokio::test]
async fn conflicting_prediction_is_refused_by_default_with_its_id() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let first = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    for body in [prediction("acme ", "2024"), worse("error")] {
        let answer = ana.post("/predictions/annual", &body).await;
        assert_eq!(answer.problem(409), "prediction_exists");
        assert_eq!(answer.json()["existing_id"], first["id"]);
    }
    let _ = ana
        .post("/predictions/annual", &prediction("ACME", "2023"))
        .await
        .expect(201);
}

#[tokio::test]
async fn conflict_skip_keeps_and_update_replaces_the_prediction() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let first = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    let kept = ana.post("/predictions/annual", &worse("skip")).await;
    let kept_body = kept.expect(200);
    assert_eq!(
        (&kept_body["id"], &kept_body["pd"]),
        (&first["id"], &first["pd"])
    );

    let updated = ana.post("/predictions/annual", &worse("update")).await;
    let body = updated.expect(200);
    assert_eq!(
        (&body["id"], &body["created_at"]),
        (&first["id"], &first["created_at"])
    );
    assert!(number(&body, "pd") > number(&first, "pd"));
    assert_ne!(updated.header("etag"), kept.header("etag"));
    let read = ana
        .get(&format!("/predictions/annual/{}", text(&first, "id")))
        .await;
    assert_eq!(read.expect(200)["pd"], body["pd"]);
    assert_eq!(read.header("etag"), updated.header("etag"));

    let pool = service.database.superuser().await;
    let event_count: i64 = ask(
        &pool,
        "SELECT count(*) FROM audit_logs WHERE event_type = 'prediction.replaced'",
    )
    .await;
    assert_eq!(event_count, 1);
}

#[tokio::test]
async fn conflict_update_replaces_only_writable_predictions() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (m1, m2, admin) = (users.user("m1"), users.user("m2"), users.user("oA"));
    let first = m1
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    assert_eq!(first["access_level"], "organization");
    let answer = m2.post("/predictions/annual", &worse("update")).await;
    assert_eq!(answer.problem(403), "not_writable");
    let unchanged = m2
        .get(&format!("/predictions/annual/{}", text(&first, "id")))
        .await
        .expect(200);
    assert_eq!(unchanged["pd"], first["pd"]);
    let by_admin = admin
        .post("/predictions/annual", &worse("update"))
        .await
        .expect(200);
    assert_eq!(by_admin["id"], first["id"]);
    assert_eq!(by_admin["created_by"], first["created_by"]);
}

#[tokio::test]
async fn different_owners_predict_the_same_period_of_the_same_company() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let m1 = users.user("m1");
    let shared = m1
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    for who in ["m1", "m2"] {
        let own = with(
            prediction("ACME", "2024"),
            json!({ "access_level": "personal" }),
        );
        let made = users
            .user(who)
            .post("/predictions/annual", &own)
            .await
            .expect(201);
        assert_eq!(made["company_id"], shared["company_id"]);
        assert_ne!(made["id"], shared["id"]);
    }
}

#[tokio::test]
async fn concurrent_equal_predictions_store_exactly_one() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let tasks: Vec<_> = (0..12)
        .map(|_| {
            let ana = ana.clone();
            tokio::spawn(async move {
                ana.post("/predictions/annual", &prediction("ACME", "2024"))
                    .await
            })
        })
        .collect();
    let (mut made, mut refused) = (0, 0);
    for task in tasks {
        let answer = task.await.expect("an answer");
        if answer.status.as_u16() == 201 {
            made += 1;
        } else {
            assert_eq!(answer.problem(409), "prediction_exists");
            refused += 1;
        }
    }
    assert_eq!((made, refused), (1, 11));
    assert_eq!(
        ana.get("/companies").await.expect(200)["data"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}
