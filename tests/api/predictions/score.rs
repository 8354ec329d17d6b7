//! `POST /predictions/{kind}/score`

use accunode_tests::Service;
use serde_json::{Value, json};
use sqlx::Row;

use super::create::is_explained;
use crate::support::{HEADER, number, prediction, quarterly_ratios, ratios, submit, with};

/// Five variants of one company that differ in relevant ways: complete, with gaps, beyond
/// every range, at the bounds, and with many digits.
const LINES: [[&str; 5]; 5] = [
    ["0.25", "2.0", "0.08", "6.4", "0.05"],
    ["", "7.4", "-0.03", "0.8", ""],
    ["-0.3", "-3", "4", "-20", "-7"],
    ["2", "50", "-1", "100", "1"],
    [
        "0.123456789012345",
        "3.333333333333333",
        "-0.000123456",
        "6.4e0",
        "1e-3",
    ],
];

fn as_body(line: &[&str; 5]) -> Value {
    let names: Vec<&str> = HEADER.split(',').skip(4).collect();
    let pairs: serde_json::Map<String, Value> = names
        .into_iter()
        .zip(line)
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| {
            (
                name.to_owned(),
                serde_json::from_str(text).expect("a number"),
            )
        })
        .collect();
    Value::Object(pairs)
}

#[tokio::test]
async fn one_company_has_the_same_bits_alone_in_a_batch_and_in_a_file() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let items: Vec<Value> = LINES
        .iter()
        .map(|line| json!({ "ratios": as_body(line) }))
        .collect();
    let scored = ana
        .post("/predictions/annual/score", &json!({ "items": items }))
        .await
        .expect(200);
    let mut lines = vec![HEADER.to_owned()];
    for (n, line) in LINES.iter().enumerate() {
        let body = with(
            prediction(&format!("P{n}"), "2024"),
            json!({ "ratios": as_body(line) }),
        );
        let posted = ana.post("/predictions/annual", &body).await.expect(201);
        let batched = &scored["data"][n]["prediction"];
        assert_eq!(
            number(batched, "pd").to_bits(),
            number(&posted, "pd").to_bits(),
            "line {n}"
        );
        for field in [
            "probability",
            "risk_level",
            "confidence",
            "flags",
            "ratios",
            "model",
            "base",
            "reasons",
        ] {
            assert_eq!(batched[field], posted[field], "line {n}: {field}");
        }
        is_explained(batched, 5);
        lines.push(format!("B{n},B{n},Unknown,2024,{}", line.join(",")));
    }
    let bytes = (lines.join("\n") + "\n").into_bytes();
    let job = submit(&ana, "bits.csv", bytes, &[("confirm_units", "true")]).await;
    let done = service.finished(&ana, &job).await;
    assert_eq!(done["success_count"], 5, "{done}");
    let pool = service.database.superuser().await;
    let stored = sqlx::query(
        "SELECT company_symbol, pd, confidence::float8, flags FROM annual_predictions ORDER BY substr(company_symbol, 2), 1 DESC",
    )
    .fetch_all(&pool)
    .await
    .expect("the predictions");
    assert_eq!(stored.len(), 10);
    for (n, pair) in stored.chunks(2).enumerate() {
        let of = |at: usize| {
            (
                pair[at].get::<f64, _>(1).to_bits(),
                pair[at].get::<f64, _>(2),
                pair[at].get::<Vec<String>, _>(3),
            )
        };
        assert_eq!(of(0), of(1), "line {n}");
        let pd = number(&scored["data"][n]["prediction"], "pd");
        assert_eq!(
            of(0).0,
            pd.to_bits(),
            "line {n}: what is answered is what is stored"
        );
    }
}

#[tokio::test]
async fn score_items_succeed_or_fail_separately_and_nothing_is_stored() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let items = json!({ "items": [
        { "ratios": ratios(), "reporting_year": "2024" },
        { "ratios": { "return_on_assets": 0.1 } },
        { "ratios": ratios(), "reporting_year": "24" },
        { "ratios": quarterly_ratios() },
    ] });
    let answer = ana
        .post("/predictions/annual/score", &items)
        .await
        .expect(200);
    let data = answer["data"].as_array().expect("items");
    let statuses: Vec<i64> = data
        .iter()
        .map(|item| item["status"].as_i64().expect("a status"))
        .collect();
    assert_eq!(statuses, [200, 422, 422, 422]);
    assert_eq!(data[0]["prediction"]["reporting_year"], "2024");
    assert!(data[0]["prediction"].get("id").is_none() && data[0].get("problem").is_none());
    let codes: Vec<&Value> = data[1..]
        .iter()
        .map(|item| &item["problem"]["code"])
        .collect();
    assert_eq!(codes[0], "too_few_ratios");
    assert_eq!(codes[1], "invalid_year");
    let pool = service.database.superuser().await;
    let stored: i64 = crate::support::ask(
        &pool,
        "SELECT (SELECT count(*) FROM annual_predictions) + (SELECT count(*) FROM companies)",
    )
    .await;
    assert_eq!(stored, 0);
}

#[tokio::test]
async fn up_to_1000_items_are_scored_in_one_request() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let many = |n: usize| json!({ "items": vec![json!({ "ratios": ratios() }); n] });
    let answer = ana
        .post("/predictions/annual/score", &many(1_000))
        .await
        .expect(200);
    let data = answer["data"].as_array().expect("items");
    assert_eq!(data.len(), 1_000);
    assert!(
        data.iter()
            .all(|item| item["prediction"]["pd"] == data[0]["prediction"]["pd"])
    );
    for n in [0, 1_001] {
        let refused = ana.post("/predictions/annual/score", &many(n)).await;
        assert_eq!(refused.problem(422), "out_of_range", "{n}");
        assert_eq!(refused.faults(), ["/items out_of_range"]);
    }
}
