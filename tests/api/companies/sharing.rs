//! Raising a company together with the predictions of its owner.

use accunode_tests::{Service, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};

use crate::support::{column, outcome_on, prediction_on, text, with};

/// Creates a row on a company at an access level; returns its path.
async fn made(who: &TestUser, path: &str, body: Value, level: &str) -> String {
    let body = with(body, json!({ "access_level": level }));
    let row = who.post(path, &body).await.expect(201);
    format!("{path}/{}", text(&row, "id"))
}

async fn company(who: &TestUser, level: &str) -> String {
    let body = json!({ "symbol": "ACME", "access_level": level });
    let made = who.post("/companies", &body).await.expect(201);
    text(&made, "id").to_owned()
}

async fn level_of(who: &TestUser, path: &str) -> Value {
    who.get(path).await.expect(200)["access_level"].clone()
}

#[tokio::test]
async fn a_personal_company_is_shared_with_its_predictions_in_one_request() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (m1, m2, oa) = (users.user("m1"), users.user("m2"), users.user("oA"));
    let id = company(m1, "personal").await;
    let path = format!("/companies/{id}");
    let mut rows = Vec::new();
    for (kind, year) in [
        ("annual", "2023"),
        ("annual", "2024"),
        ("quarterly", "2024"),
    ] {
        let body = prediction_on(kind, &id, year);
        rows.push(made(m1, &format!("/predictions/{kind}"), body, "personal").await);
    }
    let outcome = made(m1, "/outcomes", outcome_on(&id), "personal").await;

    // Neither can be raised alone because of the other, and the error names the solution.
    let raise = json!({ "access_level": "organization" });
    let alone = m1.patch(&path, &raise).await;
    assert_eq!(alone.problem(409), "company_in_use");
    assert!(
        alone.text.contains("with_predictions=true"),
        "{}",
        alone.text
    );
    let alone = m1.patch(&rows[0], &raise).await;
    assert_eq!(alone.problem(422), "level_mismatch");
    let way_out = format!("PATCH /companies/{id} with this access_level and with_predictions=true");
    assert!(alone.text.contains(&way_out), "{}", alone.text);

    let before = m1.get(&path).await;
    let together = with(raise, json!({ "with_predictions": true }));
    let moved = m1
        .with("if-match", before.header("etag"))
        .patch(&path, &together)
        .await;
    let company = moved.expect(200);
    assert_eq!(company["access_level"], "organization");
    assert_eq!(
        company["moved"],
        json!({ "annual": 2, "quarterly": 1, "kept_predictions": 0, "kept_outcomes": 1 })
    );
    assert_eq!(moved.header("etag"), m2.get(&path).await.header("etag"));
    for row in &rows {
        assert_eq!(level_of(m2, row).await, "organization");
        let id = row.rsplit('/').next().expect("an id");
        let events = oa
            .get(&format!("/audit-logs?entity_id={id}"))
            .await
            .expect(200);
        let newest = &events["data"][0];
        assert_eq!(newest["event_type"], "prediction.updated", "{events}");
        assert_eq!(newest["metadata"]["with_company"], company["id"]);
        assert_eq!(newest["old_values"]["access_level"], "personal");
        assert_eq!(newest["new_values"]["access_level"], "organization");
    }
    let events = oa
        .get(&format!("/audit-logs?entity_id={id}"))
        .await
        .expect(200);
    assert_eq!(events["data"][0]["metadata"], json!({ "predictions": 3 }));
    // Outcomes stay as they were recorded.
    assert_eq!(level_of(m1, &outcome).await, "personal");
    assert_eq!(m2.get(&outcome).await.problem(404), "not_found");
    let figures = m2.get("/dashboard?scope=organization").await.expect(200);
    assert_eq!(figures["annual"]["total_predictions"], 2);
    let own = m1.get("/dashboard?scope=personal").await.expect(200);
    assert_eq!(own["annual"]["total_predictions"], 0);
    // A second request changes nothing and moves nothing.
    let again = m1.patch(&path, &together).await.expect(200);
    assert_eq!(again["moved"]["annual"], 0);
}

#[tokio::test]
async fn personal_predictions_of_others_stay_when_a_company_becomes_system() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (m1, m2, sa) = (users.user("m1"), users.user("m2"), users.user("sa"));
    let id = company(m1, "organization").await;
    let annual = "/predictions/annual";
    let of = |year| prediction_on("annual", &id, year);
    let shared = [
        made(m1, annual, of("2023"), "organization").await,
        made(m2, annual, of("2024"), "organization").await,
    ];
    let own = made(m2, annual, of("2024"), "personal").await;
    let path = format!("/companies/{id}");
    let everyone = json!({ "access_level": "system", "with_predictions": true });
    assert_eq!(
        m1.patch(&path, &everyone).await.problem(403),
        "level_forbidden"
    );
    let moved = sa.patch(&path, &everyone).await.expect(200);
    // The super_admin must not learn that m2 has a prediction on it.
    assert_eq!(
        moved["moved"],
        json!({ "annual": 2, "quarterly": 0, "kept_predictions": 0, "kept_outcomes": 0 })
    );
    for row in &shared {
        assert_eq!(level_of(users.user("u0"), row).await, "system");
    }
    assert_eq!(level_of(m2, &own).await, "personal");
}

#[tokio::test]
async fn company_and_its_rows_change_level_together_or_not_at_all() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (m1, m2) = (users.user("m1"), users.user("m2"));
    let taken = company(m2, "organization").await;
    let id = company(m1, "personal").await;
    let body = prediction_on("annual", &id, "2024");
    let row = made(m1, "/predictions/annual", body, "personal").await;
    let together = json!({ "access_level": "organization", "with_predictions": true });
    let path = format!("/companies/{id}");
    assert_eq!(
        m1.patch(&path, &together).await.problem(409),
        "symbol_taken"
    );
    assert_eq!(level_of(m1, &row).await, "personal");
    assert_eq!(level_of(m1, &path).await, "personal");
    let renamed = with(together, json!({ "symbol": "ACME2" }));
    let _ = m1.patch(&path, &renamed).await.expect(200);
    let list = m2.get("/companies?sort=symbol").await.expect(200);
    assert_eq!(column(&list, "symbol"), ["ACME", "ACME2"]);
    assert_ne!(taken, id);
}

#[tokio::test]
async fn predictions_change_level_only_with_a_stated_level() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let path = format!("/companies/{}", company(&ana, "personal").await);
    let nowhere = ana.patch(&path, &json!({ "with_predictions": true })).await;
    assert_eq!(nowhere.problem(422), "required");
    assert!(
        nowhere.text.contains("/with_predictions"),
        "{}",
        nowhere.text
    );
    let plain = ana
        .patch(&path, &json!({ "name": "Acme" }))
        .await
        .expect(200);
    assert!(plain.get("moved").is_none(), "{plain}");
}

#[tokio::test]
async fn publication_of_rows_is_in_the_audit_log_of_their_organization() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    let (m1, oa, other, sa) = (
        users.user("m1"),
        users.user("oA"),
        users.user("tZ"),
        users.user("sa"),
    );
    let id = company(m1, "organization").await;
    let body = prediction_on("annual", &id, "2024");
    let row = made(m1, "/predictions/annual", body, "organization").await;
    let raise = json!({ "access_level": "system", "with_predictions": true });
    let path = format!("/companies/{id}");
    let _ = sa.patch(&path, &raise).await.expect(200);

    let prediction = row.rsplit('/').next().expect("an id");
    for entity in [id.as_str(), prediction] {
        let path = format!("/audit-logs?entity_id={entity}");
        let log = oa.get(&path).await.expect(200);
        let newest = &log["data"][0];
        assert_eq!(newest["actor_email"], sa.email.as_str(), "{log}");
        assert_eq!(newest["new_values"]["access_level"], "system", "{log}");
        let log = other.get(&path).await.expect(200);
        assert_eq!(log["data"], json!([]), "another tenant");
    }
}
