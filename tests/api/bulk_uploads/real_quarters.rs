//! Quarterly statements of real companies, from the file to the figures and back.

use accunode_tests::{Service, TestUser, real_data};
use serde_json::{Value, json};

use crate::support::{all_rows, ask, count, number, prediction, quarterly, text};

async fn upload(user: &TestUser, name: &str, bytes: Vec<u8>) -> String {
    let fields = [("job_type", "quarterly")];
    let job = user.upload((name, bytes), &fields).await.expect(202);
    text(&job, "id").to_owned()
}

/// Returns the codes of an upload's warnings.
fn warnings(job: &Value) -> Vec<&str> {
    let warnings = job["warnings"].as_array().expect("warnings");
    warnings
        .iter()
        .map(|warning| text(warning, "code"))
        .collect()
}

/// Returns the same table with every value of these columns divided.
fn divided(bytes: &[u8], columns: &[&str], by: f64) -> Vec<u8> {
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader.headers().expect("a header").clone();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&header).expect("memory");
    for record in reader.records() {
        let record = record.expect("a row");
        let cells = header
            .iter()
            .zip(&record)
            .map(|(name, cell)| match cell.parse::<f64>() {
                Ok(value) if columns.contains(&name) => (value / by).to_string(),
                _ => cell.to_owned(),
            });
        writer.write_record(cells).expect("memory");
    }
    writer.into_inner().expect("memory")
}

#[tokio::test]
async fn three_thousand_quarters_are_stored_and_undone() {
    let name = "quarterly_statements.csv";
    let Some(path) = real_data(name) else {
        println!("skipped: {name} is not on this machine");
        return;
    };
    let bytes = std::fs::read(path).expect("readable");
    let service = Service::start().await;
    let ana = service.user("ana").await;
    // Rows from before the upload still exist after it was undone.
    let _ = ana
        .post("/predictions/quarterly", &quarterly("PL0000", "2011", "Q4"))
        .await
        .expect(201);
    let _ = ana
        .post("/predictions/annual", &prediction("PL0000", "2012"))
        .await
        .expect(201);

    let job = upload(&ana, name, bytes.clone()).await;
    let done = service.finished(&ana, &job).await;
    assert_eq!(text(&done, "status"), "completed", "{done}");
    assert_eq!(
        (count(&done, "success_count"), count(&done, "total_rows")),
        (3_000, 3_000),
        "{done}"
    );
    // Turnovers of twelve months; the existing company has no name of its own.
    assert_eq!(warnings(&done), ["company_differs"]);
    let pool = service.database.superuser().await;
    let sound: i64 = ask(
        &pool,
        "SELECT count(*) FROM quarterly_predictions WHERE bulk_job_id IS NOT NULL \
           AND logistic_probability BETWEEN 0 AND 1 AND gbm_probability BETWEEN 0 AND 1 \
           AND ensemble_probability = round(pd::numeric, 4) AND model_name = 'quarterly'",
    )
    .await;
    assert_eq!(sound, 3_000);
    let distinct: i64 = ask(
        &pool,
        "SELECT count(*) FROM quarterly_predictions WHERE logistic_probability <> gbm_probability",
    )
    .await;
    assert!(distinct > 2_500, "two models: {distinct}");

    let quarter = all_rows(
        &ana,
        "/predictions/quarterly?reporting_year=2012&reporting_quarter=Q3",
        100,
    )
    .await;
    assert_eq!(quarter.len(), 750);
    assert!(
        quarter
            .iter()
            .all(|row| row["reporting_quarter"] == "Q3" && row["logistic_probability"].is_number())
    );
    let company = text(&quarter[0], "company_id").to_owned();
    let timeline = all_rows(
        &ana,
        &format!("/companies/{company}/predictions?kind=quarterly"),
        3,
    )
    .await;
    let quarters: Vec<_> = timeline
        .iter()
        .map(|row| text(row, "reporting_quarter"))
        .collect();
    assert_eq!(quarters, ["Q1", "Q2", "Q3", "Q4"]);
    let agreement = ana
        .get("/analytics/model-agreement?reporting_year=2012")
        .await
        .expect(200);
    let lines: Vec<_> = agreement["data"]
        .as_array()
        .expect("quarters")
        .iter()
        .map(|row| count(row, "total_predictions"))
        .collect();
    assert_eq!(lines, [750; 4]);
    let trend = ana.get("/analytics/trend?kind=quarterly").await.expect(200);
    let last = &trend["data"].as_array().expect("points")[4];
    assert_eq!(
        (
            text(last, "reporting_quarter"),
            count(last, "total_predictions")
        ),
        ("Q4", 750)
    );
    assert!((0.0..=1.0).contains(&number(last, "high_share")));
    // Each of them can be reproduced to the bit.
    let reproduced = ana
        .post_nothing(&format!(
            "/predictions/quarterly/{}/reproduce",
            text(&quarter[7], "id")
        ))
        .await
        .expect(200);
    assert_eq!(reproduced["bit_equal"], true, "{reproduced}");

    let _ = ana
        .delete(&format!("/bulk-uploads/{job}?predictions=delete"))
        .await
        .expect(200);
    let left: Vec<Value> = all_rows(&ana, "/predictions/quarterly", 100).await;
    assert_eq!(left.len(), 1);
    assert_eq!(text(&left[0], "reporting_year"), "2011");
    let dashboard = ana.get("/dashboard").await.expect(200);
    assert_eq!(count(&dashboard["annual"], "total_predictions"), 1);
    assert_eq!(count(&dashboard["quarterly"], "total_predictions"), 1);
    let undone: i64 = ask(
        &pool,
        "SELECT (new_values ->> 'predictions_deleted')::bigint FROM audit_logs WHERE event_type = 'bulk_upload.deleted'",
    )
    .await;
    assert_eq!(undone, 3_000);

    // The flow of one quarter over the same stock.
    let quarters = divided(&bytes, &["inventory_turnover", "receivables_turnover"], 4.0);
    let job = upload(&ana, name, quarters).await;
    let done = service.finished(&ana, &job).await;
    assert_eq!(text(&done, "status"), "completed", "{done}");
    assert_eq!(
        warnings(&done),
        ["turnover_not_annual", "company_differs"],
        "{done}"
    );
    assert_eq!(
        done["warnings"][0]["columns"],
        json!(["inventory_turnover", "receivables_turnover"])
    );
}
