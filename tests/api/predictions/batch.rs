//! `POST /predictions/{kind}/batch`

use accunode_tests::Service;
use serde_json::{Value, json};

use crate::support::{ask, number, prediction, with};

#[tokio::test]
async fn batch_items_are_stored_or_refused_separately_in_order() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let few = with(
        prediction("FEW", "2024"),
        json!({ "ratios": { "return_on_assets": 0.1 } }),
    );
    let items = json!({ "items": [
        prediction("ACME", "2024"), few, prediction("ACME", "2024"), prediction("OTHER", "2024"),
        with(prediction("ACME", "2024"), json!({ "on_conflict": "skip" })),
        with(prediction("SYS", "2024"), json!({ "access_level": "system" })),
    ] });
    let answer = ana
        .post("/predictions/annual/batch", &items)
        .await
        .expect(200);
    let data = answer["data"].as_array().expect("items");
    let outcomes: Vec<(i64, &str)> = data
        .iter()
        .map(|item| {
            let code = item["problem"]["code"].as_str().unwrap_or_default();
            (item["status"].as_i64().expect("a status"), code)
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            (201, ""),
            (422, "too_few_ratios"),
            (409, "prediction_exists"),
            (201, ""),
            (200, ""),
            (403, "level_forbidden"),
        ]
    );
    assert_eq!(data[4]["prediction"]["id"], data[0]["prediction"]["id"]);
    assert_eq!(
        data[2]["problem"]["existing_id"],
        data[0]["prediction"]["id"]
    );
    let alone = ana
        .post("/predictions/annual", &prediction("ALONE", "2024"))
        .await
        .expect(201);
    let batched = &data[0]["prediction"];
    assert_eq!(
        number(batched, "pd").to_bits(),
        number(&alone, "pd").to_bits()
    );
    let list = ana.get("/predictions/annual").await.expect(200);
    assert_eq!(list["data"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn repeated_batch_resumes_and_stores_nothing_twice() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let again = ana.with("idempotency-key", "batch-1");
    let items: Vec<Value> = (0..5)
        .map(|n| prediction(&format!("S{n}"), "2024"))
        .collect();
    let body = json!({ "items": items });
    let first = again.post("/predictions/annual/batch", &body).await;
    let second = again.post("/predictions/annual/batch", &body).await;
    assert_eq!(second.expect(200), first.expect(200));
    assert_eq!(first.header("idempotency-replayed"), "");
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(
        ask::<i64>(&pool, "SELECT count(*) FROM annual_predictions").await,
        5
    );
}

#[tokio::test]
async fn invalid_batch_item_fails_alone_and_malformed_json_stores_nothing() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let number = with(
        prediction("NUM", "2024"),
        json!({ "reporting_year": 2024.0 }),
    );
    let wrong = with(
        prediction("BAD", "2024"),
        json!({ "ratios": { "return_on_assets": "0.1" } }),
    );
    let items = json!({ "items": [prediction("ACME", "2024"), number, wrong, 7] });
    let path = "/predictions/annual/batch";
    let answer = ana.post(path, &items).await.expect(200);
    let data = answer["data"].as_array().expect("items");
    let statuses: Vec<_> = data.iter().map(|item| item["status"].as_i64()).collect();
    assert_eq!(statuses, [Some(201), Some(201), Some(422), Some(422)]);
    assert_eq!(data[1]["prediction"]["reporting_year"], "2024");
    let errors = &data[2]["problem"]["errors"];
    assert_eq!(errors[0]["pointer"], "/ratios/return_on_assets");

    let text = items.to_string().replacen("0.25", "NaN", 1);
    assert!(text.contains("NaN"), "{text}");
    let refused = ana
        .try_send(reqwest::Method::POST, path, Some(text.into_bytes()))
        .await
        .expect("an answer");
    let problem = refused.expect(400);
    let pointer = problem["errors"][0]["pointer"].as_str().unwrap_or_default();
    assert!(pointer.starts_with("/items/0/ratios/"), "{problem}");
    let list = ana.get("/predictions/annual").await.expect(200);
    assert_eq!(list["data"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn batch_has_1_to_100_items() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let many = |n: usize| {
        let items: Vec<Value> = (0..n)
            .map(|n| prediction(&format!("S{n}"), "2024"))
            .collect();
        json!({ "items": items })
    };
    let none = ana.post("/predictions/annual/batch", &many(0)).await;
    assert_eq!(none.faults(), ["/items out_of_range"]);
    let _ = ana
        .post("/predictions/annual/batch", &many(101))
        .await
        .problem(413);
    let hundred = ana
        .post("/predictions/annual/batch", &many(100))
        .await
        .expect(200);
    let data = hundred["data"].as_array().expect("items");
    assert!(data.len() == 100 && data.iter().all(|item| item["status"] == 201));
}
