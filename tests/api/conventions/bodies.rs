//! All faults of a body are reported together, each with its pointer.

use accunode_tests::{Answer, Service};
use serde_json::{Value, json};

use crate::{
    redactions::redacted,
    support::{prediction, with},
};

fn sorted(answer: &Answer) -> Vec<String> {
    let mut faults = answer.faults();
    faults.sort();
    faults
}

#[tokio::test]
async fn invalid_prediction_reports_every_field() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let body = json!({
        "company": { "symbol": "ACME", "nmae": "Acme" }, "reporting_year": true,
        "ratios": { "return_on_assets": "5 %" }, "access_level": "everyone", "colour": "red",
    });
    let answer = ana.post("/predictions/annual", &body).await;
    assert_eq!(answer.problem(422), "validation_failed");
    assert_eq!(
        sorted(&answer),
        [
            "/access_level unknown_value",
            "/colour unknown_field",
            "/company/nmae unknown_field",
            "/ratios/return_on_assets not_a_number",
            "/reporting_year wrong_type",
        ]
    );
}

#[tokio::test]
async fn values_that_break_domain_rules_are_reported_together() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let body = json!({
        "symbol": "NO, SYMBOL", "name": "Ac\u{0}me", "country": "Germany",
        "currency": "E", "market_cap": -5,
    });
    let answer = ana.post("/companies", &body).await;
    assert_eq!(answer.problem(422), "validation_failed");
    assert_eq!(
        sorted(&answer),
        [
            "/country invalid_code",
            "/currency invalid_code",
            "/market_cap out_of_range",
            "/name control_character",
            "/symbol invalid_symbol",
        ]
    );
}

#[tokio::test]
async fn malformed_json_is_refused_with_its_position() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    for (body, words) in [
        ("{\"symbol\": \"ACME\"", "line 1 column"),
        ("symbol=ACME", "line 1 column"),
        ("{\"symbol\": \"\u{1}\"}", "line 1 column"),
        ("", "empty"),
        ("{\"symbol\": \"A\"} {}", "trailing"),
    ] {
        let answer = ana.post_raw("/companies", body).await;
        assert_eq!(answer.problem(400), "malformed_json", "{body}");
        assert!(answer.text.contains(words), "{}", answer.text);
    }
    let not_utf8 = ana
        .post_raw("/companies", b"{\"symbol\": \"\xff\xfe\"}".to_vec())
        .await;
    assert_eq!(not_utf8.problem(400), "malformed_json");
}

#[tokio::test]
async fn number_too_large_for_a_float_is_reported_by_ratio() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let body = prediction("ACME", "2024")
        .to_string()
        .replace("2.0", "1e309");
    let answer = ana.post_raw("/predictions/annual", body).await;
    assert_eq!(answer.problem(422), "number_out_of_range");
    assert_eq!(
        answer.faults(),
        ["/ratios/total_debt_to_ebitda number_out_of_range"]
    );
    assert!(answer.text.contains("1e309"), "{}", answer.text);
}

#[tokio::test]
async fn a_body_of_another_type_or_with_a_field_twice_is_refused() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    for (body, fault) in [
        ("[]", " wrong_type"),
        ("null", " wrong_type"),
        ("\"ACME\"", " wrong_type"),
        (
            r#"{"symbol": "A", "symbol": "B"}"#,
            "/symbol duplicate_field",
        ),
        (r#"{"symbol": null}"#, "/symbol wrong_type"),
        (
            r#"{"symbol": "A", "organization_id": "7"}"#,
            "/organization_id invalid_id",
        ),
    ] {
        let answer = ana.post_raw("/companies", body).await;
        let _ = answer.problem(422);
        assert_eq!(answer.faults(), [fault], "{body}");
    }
}

#[tokio::test]
async fn prediction_needs_exactly_one_reference_to_a_company() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let both = with(prediction("ACME", "2024"), json!({ "company_id": ana.id }));
    let neither = with(prediction("ACME", "2024"), json!({ "company": null }));
    assert_eq!(
        ana.post("/predictions/annual", &both).await.problem(422),
        "ambiguous"
    );
    let answer = ana.post("/predictions/annual", &neither).await;
    assert_eq!(answer.problem(422), "required");
    assert_eq!(answer.faults(), ["/company_id required"]);
}

#[tokio::test]
async fn problem_document_conforms_to_rfc_9457() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let answer = ana.post("/companies", &json!({ "name": "Acme" })).await;
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem: Value = answer.expect(422);
    assert_eq!(problem["request_id"], answer.header("x-request-id"));
    redacted(|| {
        insta::assert_json_snapshot!(problem, @r#"
        {
          "code": "required",
          "detail": "\"symbol\" is missing",
          "errors": [
            {
              "code": "required",
              "detail": "\"symbol\" is missing",
              "pointer": "/symbol"
            }
          ],
          "request_id": "[id]",
          "status": 422,
          "title": "Unprocessable Entity",
          "type": "/docs/errors#validation_failed"
        }
        "#);
    });
}
