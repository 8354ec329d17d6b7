//! `PATCH /predictions/{kind}/{id}`

use accunode_tests::{Service, tenancy::Tenancy};
use serde_json::json;

use super::create::is_explained;
use crate::support::{ask, number, prediction, text, with};

#[tokio::test]
async fn corrected_ratios_are_rescored_and_the_others_kept() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let made = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await;
    let first = made.expect(201);
    let path = format!("/predictions/annual/{}", text(&first, "id"));
    let change = json!({ "ratios": { "return_on_assets": -0.3 } });
    let changed = ana
        .with("if-match", made.header("etag"))
        .patch(&path, &change)
        .await;
    let now = changed.expect(200);
    is_explained(&now, 5);
    assert!(number(&now, "pd") > number(&first, "pd"));
    assert_eq!(
        now["ratios"]["total_debt_to_ebitda"],
        first["ratios"]["total_debt_to_ebitda"]
    );
    assert_eq!(now["created_at"], first["created_at"]);
    assert_ne!(changed.header("etag"), made.header("etag"));
    assert_eq!(ana.get(&path).await.expect(200)["pd"], now["pd"]);

    // The same as if it had been sent so at first.
    let mut whole = prediction("OTHER", "2024");
    whole["ratios"]["return_on_assets"] = json!(-0.3);
    let whole = ana.post("/predictions/annual", &whole).await.expect(201);
    assert_eq!(number(&whole, "pd").to_bits(), number(&now, "pd").to_bits());

    let stale = ana
        .with("if-match", made.header("etag"))
        .patch(&path, &change)
        .await;
    assert_eq!(stale.problem(412), "stale");
    let few = json!({ "ratios": {
        "return_on_assets": null, "net_income_margin": null, "total_debt_to_ebitda": null,
    } });
    assert_eq!(ana.patch(&path, &few).await.problem(422), "too_few_ratios");
    let forged = ana
        .patch(&path, &json!({ "pd": 0.0, "risk_level": "Low" }))
        .await;
    assert_eq!(forged.problem(422), "unknown_field");
    assert_eq!(ana.get(&path).await.expect(200)["pd"], now["pd"]);
}

#[tokio::test]
async fn prediction_with_a_wider_level_is_counted_at_that_level() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (m1, m2) = (users.user("m1"), users.user("m2"));
    // On the organization's company, so that the organization can own the prediction.
    let _ = m1
        .post("/predictions/annual", &prediction("ACME", "2023"))
        .await
        .expect(201);
    let own = with(
        prediction("ACME", "2024"),
        json!({ "access_level": "personal" }),
    );
    let made = m1.post("/predictions/annual", &own).await.expect(201);
    let path = format!("/predictions/annual/{}", text(&made, "id"));
    let totals = async || {
        let mut totals = Vec::new();
        for (user, scope) in [(m1, "personal"), (m1, "organization"), (m2, "organization")] {
            let figures = user
                .get(&format!("/dashboard?scope={scope}"))
                .await
                .expect(200);
            totals.push(figures["annual"]["total_predictions"].as_i64());
        }
        totals
    };
    assert_eq!(totals().await, [Some(1), Some(1), Some(1)]);
    assert_eq!(m2.get(&path).await.problem(404), "not_found");
    let raised = m1
        .patch(&path, &json!({ "access_level": "organization" }))
        .await
        .expect(200);
    assert_eq!(
        raised["organization_id"],
        users.organization("A").to_string()
    );
    assert_eq!(raised["pd"], made["pd"]);
    let _ = m2.get(&path).await.expect(200);
    assert_eq!(totals().await, [Some(0), Some(2), Some(2)]);
    let lower = m1
        .patch(&path, &json!({ "access_level": "personal" }))
        .await;
    assert_eq!(lower.problem(409), "level_change");

    // A second one of the same period conflicts there.
    let again = m1.post("/predictions/annual", &own).await.expect(201);
    let path = format!("/predictions/annual/{}", text(&again, "id"));
    let answer = m1
        .patch(&path, &json!({ "access_level": "organization" }))
        .await;
    assert_eq!(answer.problem(409), "prediction_exists");
}

#[tokio::test]
async fn change_is_audited_with_the_previous_values() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let made = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    let path = format!("/predictions/annual/{}", text(&made, "id"));
    let change = json!({ "ratios": { "return_on_assets": -0.3 } });
    let answer = ana.patch(&path, &change).await;
    let now = answer.expect(200);
    let event: serde_json::Value = ask(
        &pool,
        &format!(
            "SELECT jsonb_build_array(action, old_values -> 'pd', new_values -> 'pd') \
             FROM audit_logs WHERE request_id = '{}'",
            answer.header("x-request-id")
        ),
    )
    .await;
    assert_eq!(event, json!(["UPDATE", made["pd"], now["pd"]]));
}
