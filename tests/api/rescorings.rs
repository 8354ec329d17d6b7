//! `/rescorings`

use accunode_tests::{Service, ServiceOptions, TestUser, tenancy::Tenancy};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{ask, count, file_of, prediction, quarterly, run, submit, text};

/// Turns every prediction into one of an older model version with another result.
async fn age(pool: &PgPool) {
    run(
        pool,
        "UPDATE annual_predictions SET model_version = '0.9.0', model_sha256 = repeat('0', 64),
           pd = 0.5, probability = 0.5, risk_level = 'High';
         UPDATE quarterly_predictions SET model_version = '0.9.0', model_sha256 = repeat('0', 64),
           pd = 0.5, ensemble_probability = 0.5, risk_level = 'High'",
    )
    .await;
}

async fn rescored(service: &Service, user: &TestUser, body: &Value) -> Value {
    let job = user.post("/rescorings", body).await.expect(202);
    service.finished(user, text(&job, "id")).await
}

#[tokio::test]
async fn portfolio_is_rescored_by_the_default_model_to_the_bit() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    for (kind, body) in [
        ("annual", prediction("ACME", "2024")),
        ("quarterly", quarterly("ACME", "2024", "Q2")),
    ] {
        let path = format!("/predictions/{kind}");
        let made = ana.post(&path, &body).await.expect(201);
        age(&service.database.superuser().await).await;
        let answer = ana.post("/rescorings", &json!({ "kind": kind })).await;
        let job = answer.expect(202);
        let place = format!("/rescorings/{}", text(&job, "id"));
        assert!(answer.header("location").ends_with(&place));
        let done = service.finished(&ana, text(&job, "id")).await;
        assert_eq!(done["status"], "completed", "{done}");
        assert_eq!(
            (count(&done, "updated_count"), count(&done, "total_rows")),
            (1, 1)
        );
        assert_eq!(done["rescoring"]["model"], made["model"]);
        assert_eq!(ana.get(&place).await.expect(200), done);

        let one = format!("{path}/{}", text(&made, "id"));
        let now = ana.get(&one).await.expect(200);
        for field in [
            "pd",
            "risk_level",
            "confidence",
            "model",
            "ratios",
            "flags",
            "reasons",
        ] {
            assert_eq!(now[field], made[field], "{kind} {field}");
        }
        let history = ana.get(&format!("{one}/revisions")).await.expect(200);
        let newest = &history["data"][0];
        assert_eq!(newest["pd"], 0.5);
        assert_eq!(newest["model"]["version"], "0.9.0");
        assert_eq!(
            (&newest["reason"], &newest["job_id"]),
            (&json!("model"), &job["id"])
        );
        let rows = ana
            .get(&format!("/bulk-uploads/{}/rows", text(&job, "id")))
            .await
            .expect(200);
        assert_eq!(rows["data"][0]["status"], "updated");
        assert_eq!(rows["data"][0]["prediction_id"], made["id"]);
    }
}

#[tokio::test]
async fn large_portfolio_is_rescored_in_chunks_and_figures_follow() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let symbols: Vec<String> = (0..6_000).map(|n| format!("S{n}")).collect();
    let upload = submit(&ana, "large.csv", file_of(&symbols), &[]).await;
    let _ = service.finished(&ana, &upload).await;
    let before = ana.get("/dashboard").await.expect(200);
    age(&service.database.superuser().await).await;
    let done = rescored(&service, &ana, &json!({ "kind": "annual" })).await;
    assert_eq!(done["status"], "completed", "{done}");
    assert_eq!(count(&done, "updated_count"), 6_000);
    let after = ana.get("/dashboard").await.expect(200);
    for field in [
        "total_predictions",
        "high_risk_count",
        "mean_pd",
        "median_pd",
    ] {
        assert_eq!(after["annual"][field], before["annual"][field], "{field}");
    }
    let again = rescored(&service, &ana, &json!({ "kind": "annual" })).await;
    assert_eq!(
        count(&again, "processed_rows"),
        0,
        "nothing is left to score"
    );
}

#[tokio::test]
async fn hundred_thousand_predictions_are_rescored_in_one_request() {
    const COMPANIES: usize = 1_000;
    const ALL: i64 = 100_000;
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let symbols: Vec<String> = (0..COMPANIES).map(|n| format!("S{n}")).collect();
    let upload = submit(&ana, "portfolio.csv", file_of(&symbols), &[]).await;
    let _ = service.finished(&ana, &upload).await;
    let first = rescored(
        &service,
        &ana,
        &json!({ "kind": "annual", "model_version": "1.0.0" }),
    )
    .await;
    assert_eq!(count(&first, "updated_count"), 1_000, "{first}");

    // The other years of the same companies, with a hundred different debt ratios.
    let pool = service.database.superuser().await;
    run(
        &pool,
        "INSERT INTO annual_predictions (company_id, company_symbol, company_name, company_sector,
           reporting_year, probability, pd, risk_level, confidence, predicted_at, model_name,
           model_version, model_sha256, raw_ratios, access_level, created_by)
         SELECT company_id, company_symbol, company_name, company_sector, year::text, probability,
           pd, risk_level, confidence, predicted_at, model_name, model_version, model_sha256,
           jsonb_set(raw_ratios, '{values,total_debt_to_ebitda}', to_jsonb(((year - 1924) * 0.45)::text)),
           access_level, created_by
           FROM annual_predictions, generate_series(1925, 2023) year",
    )
    .await;
    let figure = async |sql: &str| ask::<i64>(&pool, sql).await;
    let of = "SELECT count(*) FROM annual_predictions WHERE model_version = ";
    assert_eq!(figure(&format!("{of}'1.0.0'")).await, ALL);

    let answer = ana.post("/rescorings", &json!({ "kind": "annual" })).await;
    let job = answer.expect(202);
    let one = format!("/rescorings/{}", text(&job, "id"));
    let done = async {
        loop {
            let job = ana.get(&one).await.expect(200);
            if !matches!(job["status"].as_str(), Some("pending" | "processing")) {
                return job;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    };
    let done = tokio::time::timeout(std::time::Duration::from_secs(900), done)
        .await
        .expect("the rescoring to end");
    assert_eq!(done["status"], "completed", "{done}");
    assert_eq!(done["rescoring"]["model"]["version"], "2.0.0");
    assert_eq!(
        (count(&done, "updated_count"), count(&done, "error_count")),
        (100_000, 0),
        "{done}"
    );
    assert_eq!(figure(&format!("{of}'2.0.0'")).await, ALL);
    let kept = "SELECT count(*) FROM annual_prediction_revisions
                 WHERE model_version = '1.0.0' AND reason = 'model'";
    assert_eq!(figure(kept).await, ALL);
    // Different debt ratios give different PDs; the same ratios give the same bits.
    let pds = "SELECT count(DISTINCT pd) FROM annual_predictions";
    assert_eq!(figure(pds).await, 100);
    let list = ana
        .get("/predictions/annual?sort=pd&limit=1")
        .await
        .expect(200);
    let id = text(&list["data"][0], "id");
    let reproduced = ana
        .post_nothing(&format!("/predictions/annual/{id}/reproduce"))
        .await
        .expect(200);
    assert_eq!(reproduced["bit_equal"], true, "{reproduced}");
}

#[tokio::test]
async fn member_rescores_only_writable_predictions_of_the_organization() {
    let service = Service::start().await;
    let users = Tenancy::of(&service).await;
    for (name, symbol) in [("m1", "ONE"), ("m2", "TWO")] {
        let made = users.user(name);
        let _ = made
            .post("/predictions/annual", &prediction(symbol, "2024"))
            .await
            .expect(201);
    }
    age(&service.database.superuser().await).await;
    let body = json!({ "kind": "annual" });
    let done = rescored(&service, users.user("m1"), &body).await;
    assert_eq!(
        (count(&done, "updated_count"), count(&done, "error_count")),
        (1, 1),
        "{done}"
    );
    let rows = users
        .user("m1")
        .get(&format!(
            "/bulk-uploads/{}/rows?status=error",
            text(&done, "id")
        ))
        .await
        .expect(200);
    assert_eq!(
        rows["data"][0]["problem"]["errors"][0]["code"],
        "not_writable"
    );
    let done = rescored(&service, users.user("oA"), &body).await;
    assert_eq!(
        (count(&done, "updated_count"), count(&done, "error_count")),
        (1, 0)
    );
    let place = format!("/rescorings/{}", text(&done, "id"));
    assert_eq!(users.user("mB").get(&place).await.problem(404), "not_found");
}

#[tokio::test]
async fn invalid_rescoring_request_is_refused() {
    let service = Service::with(ServiceOptions::default().without_worker()).await;
    let ana = service.user("ana").await;
    let refused = async |body: Value| ana.post("/rescorings", &body).await;
    assert_eq!(
        refused(json!({ "kind": "annual", "access_level": "system" }))
            .await
            .problem(403),
        "level_forbidden"
    );
    assert_eq!(
        refused(json!({ "kind": "annual", "model_version": "0.0.0" }))
            .await
            .faults(),
        ["/model_version model_unavailable"]
    );
    for (body, code) in [
        (json!({ "kind": "annual", "modle": "x" }), "unknown_field"),
        (json!({ "kind": "weekly" }), "unknown_value"),
    ] {
        assert_eq!(refused(body).await.problem(422), code);
    }
    let waiting = ana
        .post("/rescorings", &json!({ "kind": "annual" }))
        .await
        .expect(202);
    let twice = refused(json!({ "kind": "annual" })).await;
    assert_eq!(twice.problem(409), "rescoring_running");
    assert_eq!(twice.json()["existing_id"], waiting["id"]);
    let job = format!("/bulk-uploads/{}", text(&waiting, "id"));
    assert_eq!(
        ana.post_nothing(&format!("{job}/retry")).await.problem(409),
        "nothing_to_retry"
    );
    let _ = ana.post_nothing(&format!("{job}/cancel")).await.expect(202);
    let again = ana
        .post("/rescorings", &json!({ "kind": "annual" }))
        .await
        .expect(202);
    assert_ne!(again["id"], waiting["id"]);
    let upload = submit(&ana, "a.csv", file_of(["A"]), &[]).await;
    let alias = ana.get(&format!("/rescorings/{upload}")).await;
    assert_eq!(alias.problem(404), "not_found");
}

#[tokio::test]
async fn repeated_request_makes_one_job() {
    let service = Service::with(ServiceOptions::default().without_worker()).await;
    let ana = service.user("ana").await.with("Idempotency-Key", "once");
    let body = json!({ "kind": "annual" });
    let first = ana.post("/rescorings", &body).await;
    let again = ana.post("/rescorings", &body).await;
    assert_eq!(first.expect(202)["id"], again.expect(202)["id"]);
    assert_eq!(again.header("idempotency-replayed"), "true");
}
