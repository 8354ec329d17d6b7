//! `/predictions/{kind}/{id}/revisions`

use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::json;

use crate::support::{count, file, line, number, prediction, submit, text, with};

#[tokio::test]
async fn every_replacement_of_a_prediction_keeps_a_revision() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let first = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    let path = format!("/predictions/annual/{}", text(&first, "id"));
    let revisions = format!("{path}/revisions");
    assert_eq!(ana.get(&revisions).await.expect(200)["data"], json!([]));

    let second = ana
        .patch(&path, &json!({ "ratios": { "total_debt_to_ebitda": 9 } }))
        .await
        .expect(200);
    let worse = with(
        prediction("ACME", "2024"),
        json!({ "on_conflict": "update" }),
    );
    let third = ana.post("/predictions/annual", &worse).await.expect(200);
    let job = submit(
        &ana,
        "again.csv",
        file(&[&line("ACME", "2024", "30")]),
        &[("on_conflict", "update")],
    )
    .await;
    let _ = service.finished(&ana, &job).await;

    let list = ana.get(&revisions).await.expect(200);
    let rows = list["data"].as_array().expect("rows");
    assert_eq!(rows.len(), 3, "{list}");
    for (row, was) in rows.iter().zip([&third, &second, &first]) {
        for field in [
            "pd",
            "probability",
            "risk_level",
            "confidence",
            "ratios",
            "flags",
            "model",
        ] {
            assert_eq!(row[field], was[field], "{field}");
        }
        assert_eq!(text(row, "reason"), "ratios");
        assert_eq!(row["replaced_by"], first["created_by"]);
    }
    assert_eq!(text(&rows[0], "job_id"), job);
    assert!(rows[1]["job_id"].is_null());
    assert_eq!(count(&rows[2], "version"), 1);
    assert_ne!(number(&rows[1], "pd"), number(&rows[2], "pd"));

    let page = ana.get(&format!("{revisions}?limit=2")).await.expect(200);
    assert_eq!(page["has_more"], true);
    let next = text(&page, "next_cursor");
    let rest = ana
        .get(&format!("{revisions}?limit=2&cursor={next}"))
        .await
        .expect(200);
    assert_eq!(rest["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(rest["data"][0], rows[2]);
    assert_eq!(
        ana.get(&format!("{revisions}?cursor=x")).await.faults(),
        ["/cursor invalid_cursor"]
    );
}

#[tokio::test]
async fn revisions_of_an_unreadable_prediction_are_not_found() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let m1 = users.user("m1");
    let made = m1
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    let path = format!("/predictions/annual/{}/revisions", text(&made, "id"));
    for name in ["m1", "m2", "oA", "tR", "sa"] {
        let _ = users.user(name).get(&path).await.expect(200);
    }
    for name in ["u0", "mB", "tZ"] {
        assert_eq!(users.user(name).get(&path).await.problem(404), "not_found");
    }
    let other_kind = path.replace("annual", "quarterly");
    assert_eq!(m1.get(&other_kind).await.problem(404), "not_found");
}
