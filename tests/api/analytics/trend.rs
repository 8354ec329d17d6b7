//! `GET /analytics/trend` and `GET /analytics/model-agreement`

use accunode_tests::{Service, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};

use crate::support::{number, prediction, quarterly, run, text, with};

async fn predict(user: &TestUser, kind: &str, body: Value) -> Value {
    let answer = user.post(&format!("/predictions/{kind}"), &body).await;
    answer.expect(201)
}

fn rows(answer: &Value) -> Vec<Value> {
    answer["data"].as_array().expect("rows").clone()
}

#[tokio::test]
async fn a_trend_has_a_point_for_each_period_oldest_first() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let mut of_2024 = Vec::new();
    for (symbol, year) in [("A", "2024"), ("B", "2024"), ("A", "2022")] {
        let body = with(
            prediction(symbol, year),
            json!({ "company": { "symbol": symbol, "sector": if symbol == "A" { "Energy" } else { "Utilities" } } }),
        );
        let made = predict(&ana, "annual", body).await;
        if year == "2024" {
            of_2024.push(number(&made, "probability"));
        }
    }
    let trend = ana.get("/analytics/trend").await.expect(200);
    assert_eq!(
        (&trend["kind"], &trend["median_basis"]),
        (&json!("annual"), &json!("pd_buckets"))
    );
    let points = rows(&trend);
    let counts: Vec<_> = points
        .iter()
        .map(|point| {
            (
                text(point, "reporting_year"),
                point["total_predictions"].as_i64().expect("a count"),
            )
        })
        .collect();
    assert_eq!(counts, [("2022", 1), ("2024", 2)]);
    let mean = of_2024.iter().sum::<f64>() / 2.0;
    // The mean is that of the PDs in full precision; the answers have four decimals.
    assert!((number(&points[1], "mean_pd") - mean).abs() < 1e-4);
    assert!(number(&points[1], "median_pd") > 0.0);
    assert_eq!(points[1]["group"], Value::Null);

    let by_sector = ana
        .get("/analytics/trend?group_by=sector")
        .await
        .expect(200);
    let counts: Vec<_> = rows(&by_sector)
        .iter()
        .map(|point| format!("{} {}", text(point, "group"), text(point, "reporting_year")))
        .collect();
    assert_eq!(counts, ["Energy 2022", "Energy 2024", "Utilities 2024"]);

    // The share of predictions with the level High.
    let risky = json!({
        "long_term_debt_to_total_capital": -1, "total_debt_to_ebitda": -1, "net_income_margin": -0.9,
        "ebit_to_interest_expense": -5, "return_on_assets": -0.9,
    });
    let made = predict(
        &ana,
        "annual",
        with(prediction("C", "2022"), json!({ "ratios": risky })),
    )
    .await;
    assert_eq!(made["risk_level"], "High", "{made}");
    let points = rows(&ana.get("/analytics/trend").await.expect(200));
    assert_eq!(number(&points[0], "high_share"), 0.5);

    let wrong = ana
        .get("/analytics/trend?group_by=colour&kind=monthly")
        .await;
    assert_eq!(wrong.faults().len(), 2, "{}", wrong.text);
}

#[tokio::test]
async fn model_agreement_is_listed_by_quarter_newest_first() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    for (symbol, year, quarter) in [
        ("A", "2023", "Q4"),
        ("A", "2024", "Q1"),
        ("B", "2024", "Q1"),
    ] {
        predict(&ana, "quarterly", quarterly(symbol, year, quarter)).await;
    }
    let one = rows(
        &ana.get("/predictions/quarterly?reporting_year=2023")
            .await
            .expect(200),
    );
    let agreements = rows(&ana.get("/analytics/model-agreement").await.expect(200));
    let quarters: Vec<_> = agreements
        .iter()
        .map(|row| {
            format!(
                "{} {} {}",
                text(row, "reporting_year"),
                text(row, "reporting_quarter"),
                row["total_predictions"]
            )
        })
        .collect();
    assert_eq!(quarters, ["2024 Q1 2", "2023 Q4 1"]);
    let ensemble = number(&one[0], "ensemble_probability");
    for (field, model) in [
        ("logistic_deviation", "logistic_probability"),
        ("gbm_deviation", "gbm_probability"),
    ] {
        let deviation = (number(&one[0], model) - ensemble).abs();
        assert!(
            (number(&agreements[1], field) - deviation).abs() < 1e-9,
            "{field}"
        );
    }
    assert!(
        (number(&agreements[1], "mean_confidence") - number(&one[0], "confidence")).abs() < 1e-4
    );
    let narrowed = ana
        .get("/analytics/model-agreement?reporting_year=2023")
        .await
        .expect(200);
    assert_eq!(rows(&narrowed), agreements[1..]);
    let nothing = ana
        .get("/analytics/model-agreement?scope=system")
        .await
        .expect(200);
    assert_eq!(nothing, json!({ "data": [] }));
}

#[tokio::test]
async fn organizations_of_equal_name_are_distinguished() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let pool = service.database.superuser().await;
    run(
        &pool,
        "UPDATE organizations SET name = 'Twin' WHERE name IN ('A', 'B')",
    )
    .await;
    for who in ["m1", "mB"] {
        predict(users.user(who), "annual", prediction("ACME", "2024")).await;
    }
    let root = users.user("tR");
    for figure in ["risk-distribution", "trend"] {
        let path = format!("/analytics/{figure}?group_by=organization");
        let groups = rows(&root.get(&path).await.expect(200));
        assert!(
            groups.iter().all(|row| row["group"] == "Twin"),
            "{groups:?}"
        );
        let mut ids: Vec<_> = groups
            .iter()
            .map(|row| text(row, "id").to_owned())
            .collect();
        ids.sort();
        let mut expected = ["A", "B"].map(|name| users.organization(name).to_string());
        expected.sort();
        assert_eq!(ids, expected, "{figure}");
    }
}
