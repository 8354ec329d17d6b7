//! `GET /companies/{id}/predictions`

use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::{Value, json};

use crate::support::{all_rows, prediction_on, text, with};

fn periods(rows: &[Value]) -> Vec<String> {
    rows.iter()
        .map(|row| match row["reporting_quarter"].as_str() {
            Some(quarter) => format!("{} {quarter}", text(row, "reporting_year")),
            None => text(row, "reporting_year").to_owned(),
        })
        .collect()
}

#[tokio::test]
async fn timeline_is_paged_oldest_first_and_filtered_by_access() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (m1, m2) = (users.user("m1"), users.user("m2"));
    let made = m1
        .post("/companies", &json!({ "symbol": "ACME" }))
        .await
        .expect(201);
    let company = text(&made, "id");
    for (kind, year, quarter) in [
        ("annual", "2024", Value::Null),
        ("quarterly", "2023", json!("Q4")),
        ("annual", "2023", Value::Null),
        ("quarterly", "2024", json!("Q1")),
        ("annual", "2022", Value::Null),
    ] {
        let body = prediction_on(kind, company, year);
        let body = if quarter.is_null() {
            body
        } else {
            with(body, json!({ "reporting_quarter": quarter }))
        };
        let _ = m1
            .post(&format!("/predictions/{kind}"), &body)
            .await
            .expect(201);
    }
    let personal = with(
        prediction_on("annual", company, "2023"),
        json!({ "access_level": "personal" }),
    );
    let _ = m1.post("/predictions/annual", &personal).await.expect(201);

    let path = format!("/companies/{company}/predictions");
    let mine = all_rows(m1, &path, 2).await;
    assert_eq!(
        periods(&mine),
        ["2022", "2023 Q4", "2023", "2023", "2024 Q1", "2024"]
    );
    assert_eq!(
        periods(&all_rows(m2, &path, 100).await),
        ["2022", "2023 Q4", "2023", "2024 Q1", "2024"]
    );
    let part = format!("{path}?kind=annual&from=2023-Q4&to=2024-Q1");
    assert_eq!(periods(&all_rows(m2, &part, 2).await), ["2023"]);

    let sheet = m2.get_as(&path, "text/csv").await;
    assert_eq!(sheet.text.lines().count(), 6, "{}", sheet.text);
    assert!(sheet.text.starts_with("id,company_id"), "{}", sheet.text);
    assert_eq!(users.user("mB").get(&path).await.problem(404), "not_found");
    let wrong = m1
        .get(&format!(
            "{path}?from=24&to=2024-Q5&kind=x&cursor=y&sort=pd"
        ))
        .await;
    assert_eq!(wrong.status.as_u16(), 422);
    assert_eq!(wrong.faults().len(), 5, "{}", wrong.text);
}
