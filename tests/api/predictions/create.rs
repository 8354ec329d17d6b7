//! `POST /predictions/{kind}` and reading the new prediction.

use accunode_tests::Service;
use serde_json::{Value, json};

use crate::{
    redactions::redacted,
    support::{number, prediction, quarterly, ratios, text, with},
};

/// Checks that a PD is explained: `base` and the contributions add up to its log-odds.
#[track_caller]
pub(super) fn is_explained(explained: &Value, inputs: usize) {
    let pd = number(explained, "pd");
    assert!(pd > 0.0 && pd < 1.0, "{pd}");
    let reasons = explained["reasons"].as_array().expect("reasons");
    assert_eq!(reasons.len(), inputs);
    let sum: f64 = reasons
        .iter()
        .map(|reason| number(reason, "contribution"))
        .sum();
    let log_odds = (pd / (1.0 - pd)).ln();
    assert!(
        (number(explained, "base") + sum - log_odds).abs() < 1e-9,
        "{} + {sum} is not {log_odds}",
        explained["base"]
    );
    let mut ranks: Vec<i64> = Vec::new();
    let mut sizes: Vec<f64> = Vec::new();
    for reason in reasons {
        ranks.push(reason["rank"].as_i64().expect("a rank"));
        sizes.push(number(reason, "contribution").abs());
        assert!(text(reason, "text").len() > 20, "{reason}");
    }
    let expected: Vec<i64> = (1..).take(inputs).collect();
    assert_eq!(ranks, expected);
    assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
}

#[tokio::test]
async fn company_is_scored_with_an_explanation() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let body = with(
        prediction("ACME", "2024"),
        json!({ "company": { "symbol": "acme", "name": "Acme Corporation", "sector": "Industrials" } }),
    );
    let answer = ana.post("/predictions/annual", &body).await;
    let made = answer.expect(201);
    is_explained(&made, 5);
    assert_eq!(
        made["probability"].as_f64(),
        Some((number(&made, "pd") * 1e4).round() / 1e4)
    );
    assert!(["Low", "Medium", "High"].contains(&text(&made, "risk_level")));
    let confidence = number(&made, "confidence");
    assert!(
        (0.5..=1.0).contains(&confidence),
        "all five ratios are there: {confidence}"
    );
    assert_eq!(made["ratios"], ratios());
    let path = format!("/predictions/annual/{}", text(&made, "id"));
    assert_eq!(answer.header("location"), format!("/api/v1{path}"));

    let mut shown = made.clone();
    for inside in [
        "pd",
        "probability",
        "confidence",
        "risk_level",
        "base",
        "reasons",
        "ratios",
    ] {
        shown.as_object_mut().expect("an object").remove(inside);
    }
    redacted(|| {
        insta::assert_json_snapshot!(shown, @r#"
        {
          "access_level": "personal",
          "bulk_row": null,
          "company_id": "[id]",
          "company_name": "Acme Corporation",
          "company_sector": "Industrials",
          "company_symbol": "ACME",
          "created_at": "[time]",
          "created_by": "[id]",
          "flags": [],
          "grade": "7",
          "id": "[id]",
          "job_id": null,
          "model": {
            "name": "annual",
            "sha256": "[sha256]",
            "version": "2.0.0"
          },
          "organization_id": null,
          "predicted_at": "[time]",
          "reporting_year": "2024",
          "updated_at": "[time]",
          "warnings": []
        }
        "#);
    });

    let read = ana.get(&path).await.expect(200);
    for field in [
        "pd",
        "base",
        "reasons",
        "confidence",
        "risk_level",
        "ratios",
        "model",
        "company_id",
    ] {
        assert_eq!(read[field], made[field], "{field}");
    }
    let explanation = ana.get(&format!("{path}/explanation")).await.expect(200);
    is_explained(&explanation, 5);
    assert_eq!(explanation["reasons"], made["reasons"]);
    assert_eq!(explanation["prediction_id"], made["id"]);
    let pd = number(&made, "pd");
    assert!((number(&explanation, "log_odds") - (pd / (1.0 - pd)).ln()).abs() < 1e-9);
}

#[tokio::test]
async fn quarterly_prediction_has_two_models_and_their_ensemble() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let made = ana
        .post("/predictions/quarterly", &quarterly("ACME", "2024", "Q3"))
        .await
        .expect(201);
    is_explained(&made, 6);
    assert_eq!(
        (&made["reporting_year"], &made["reporting_quarter"]),
        (&json!("2024"), &json!("Q3"))
    );
    assert!(made.get("probability").is_none(), "{made}");
    let ensemble = number(&made, "ensemble_probability");
    assert!((ensemble - number(&made, "pd")).abs() <= 5e-5);
    let parts = [
        number(&made, "logistic_probability"),
        number(&made, "gbm_probability"),
    ];
    let (low, high) = (parts[0].min(parts[1]), parts[0].max(parts[1]));
    assert!(
        low - 1e-4 <= ensemble && ensemble <= high + 1e-4,
        "{parts:?} {ensemble}"
    );
    for wrong in ["Q5", "", "third"] {
        let body = quarterly("ACME", "2024", wrong);
        assert_eq!(
            ana.post("/predictions/quarterly", &body).await.problem(422),
            "invalid_quarter",
            "{wrong}"
        );
    }
    let annual = with(
        prediction("ACME", "2024"),
        json!({ "reporting_quarter": "Q1" }),
    );
    let answer = ana.post("/predictions/annual", &annual).await;
    assert_eq!(answer.faults(), ["/reporting_quarter unknown_field"]);
}

#[tokio::test]
async fn negative_ebitda_is_riskier_than_a_debt_of_twice_the_ebitda() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let mut of = Vec::new();
    for (symbol, debt) in [
        ("NEGATIVE", -3.0),
        ("HUGE", 500.0),
        ("TWO", 2.0),
        ("NONE", 0.0),
    ] {
        let mut body = prediction(symbol, "2024");
        body["ratios"]["total_debt_to_ebitda"] = json!(debt);
        let made = ana.post("/predictions/annual", &body).await.expect(201);
        of.push((
            number(&made, "pd"),
            made["flags"].clone(),
            made["ratios"]["total_debt_to_ebitda"].clone(),
        ));
    }
    assert!(of[0].0 > of[2].0, "−3 is safer than 2: {of:?}");
    assert!(of[2].0 >= of[3].0, "{of:?}");
    assert_eq!(
        of[0].1,
        json!(["total_debt_to_ebitda:non_positive_denominator"])
    );
    assert_eq!(of[1].1, json!(["total_debt_to_ebitda:clamped_high"]));
    assert_eq!((&of[0].2, &of[1].2), (&json!(50.0), &json!(50.0)));
    assert_eq!(
        of[0].0.to_bits(),
        of[1].0.to_bits(),
        "both stand at the end of the range"
    );
    assert_eq!(of[2].1, json!([]));
}

#[tokio::test]
async fn too_few_ratios_store_neither_prediction_nor_company() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let two = json!({
        "total_debt_to_ebitda": 2.0, "return_on_assets": 0.05,
        "net_income_margin": null, "ebit_to_interest_expense": 1e8,
    });
    let body = with(prediction("ACME", "2024"), json!({ "ratios": two }));
    let answer = ana.post("/predictions/annual", &body).await;
    assert_eq!(answer.problem(422), "too_few_ratios");
    assert_eq!(answer.faults(), ["/ratios too_few_ratios"]);
    let companies = ana.get("/companies").await.expect(200);
    assert_eq!(companies["data"], json!([]));

    let mut three = body;
    three["ratios"]["net_income_margin"] = json!(0.08);
    let made = ana.post("/predictions/annual", &three).await.expect(201);
    assert_eq!(
        made["flags"],
        json!([
            "long_term_debt_to_total_capital:missing",
            "ebit_to_interest_expense:implausible"
        ])
    );
    let all = ana
        .post("/predictions/annual", &prediction("OTHER", "2024"))
        .await
        .expect(201);
    assert!(number(&made, "confidence") < number(&all, "confidence"));
}

#[tokio::test]
async fn ratio_of_the_other_kind_is_reported_by_name() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let mut body = prediction("ACME", "2024");
    body["ratios"]["current_ratio"] = json!(1.5);
    let answer = ana.post("/predictions/annual", &body).await;
    assert_eq!(answer.problem(422), "unknown_field");
    assert_eq!(answer.faults(), ["/ratios/current_ratio unknown_field"]);
}

#[tokio::test]
async fn reporting_year_must_have_four_digits_within_range() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    for year in ["24", "1899", "2101", "２０２４", "0000", "20240"] {
        let answer = ana
            .post("/predictions/annual", &prediction("ACME", year))
            .await;
        assert_eq!(answer.problem(422), "invalid_year", "{year}");
    }
}

#[tokio::test]
async fn percent_and_fractions_of_one_company_score_to_equal_bits() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let fractions = ana
        .post("/predictions/annual", &prediction("FRACTION", "2024"))
        .await
        .expect(201);
    let percent = json!({
        "long_term_debt_to_total_capital": 25, "total_debt_to_ebitda": 2.0, "net_income_margin": 8.0,
        "ebit_to_interest_expense": 6.4, "return_on_assets": 5,
    });
    let body = with(
        prediction("PERCENT", "2024"),
        json!({ "ratios": percent, "ratio_unit": "percent" }),
    );
    let percent = ana.post("/predictions/annual", &body).await.expect(201);
    assert_eq!(
        number(&fractions, "pd").to_bits(),
        number(&percent, "pd").to_bits()
    );
    assert_eq!(fractions["ratios"], percent["ratios"]);
}

#[tokio::test]
async fn banks_are_scored_with_an_out_of_scope_flag() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let body = with(
        prediction("BANK", "2024"),
        json!({ "company": { "symbol": "BANK", "sector": "Financial Services" } }),
    );
    let made = ana.post("/predictions/annual", &body).await.expect(201);
    assert_eq!(made["flags"], json!(["sector_out_of_scope"]));
}

#[tokio::test]
async fn deleted_prediction_is_not_found_and_not_counted() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let made = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    let total =
        async || ana.get("/dashboard").await.expect(200)["annual"]["total_predictions"].clone();
    assert_eq!(total().await, 1);
    let path = format!("/predictions/annual/{}", text(&made, "id"));
    let _ = ana.delete(&path).await.expect(204);
    assert_eq!(ana.get(&path).await.problem(404), "not_found");
    assert_eq!(
        ana.get(&format!("{path}/explanation")).await.problem(404),
        "not_found"
    );
    assert_eq!(total().await, 0);
    let _ = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
}

#[tokio::test]
async fn annual_prediction_is_not_found_as_quarterly() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let made = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    let other = format!("/predictions/quarterly/{}", text(&made, "id"));
    assert_eq!(ana.get(&other).await.problem(404), "not_found");
    assert_eq!(ana.delete(&other).await.problem(404), "not_found");
}
