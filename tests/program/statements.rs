//! The number of statements that a request sends to the database, counted in its log.

use accunode_tests::{Serving, TestUser};
use serde_json::json;

use crate::running::{command, eventually, folder};

/// Frequent requests, with the number of statements that each may send. One of them
/// authenticates the caller. An additional statement is an additional round trip for every
/// request.
const STATEMENTS: [(&str, usize); 12] = [
    ("/me", 2),
    ("/companies", 2),
    // A search first sets a time limit of its own.
    ("/companies?q=acme", 3),
    ("/companies/{company}", 2),
    ("/predictions/annual", 2),
    ("/predictions/annual?sort=pd", 2),
    ("/predictions/annual/{prediction}", 2),
    ("/bulk-uploads", 2),
    ("/outcomes", 2),
    // From the cache: authentication, and nothing else.
    ("/dashboard", 1),
    (
        "/analytics/risk-distribution?kind=annual&group_by=sector",
        1,
    ),
    ("/analytics/trend?kind=annual", 1),
];

/// Returns the statements of a request, one line of the log each.
async fn statements(serving: &Serving, user: &TestUser, path: &str, name: &str) -> Vec<String> {
    let answer = user.with("x-request-id", name).get(path).await;
    assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text);
    // Later lines of the log were written after it.
    let end = format!("{name}-end");
    let _ = user.with("x-request-id", &end).get("/me").await.expect(200);
    eventually("the log tells of a request", || {
        serving.log().contains(&end)
    })
    .await;
    let (log, id) = (serving.log(), format!("\"request_id\":\"{name}\""));
    log.lines()
        .filter(|line| line.contains("\"target\":\"sqlx::query\"") && line.contains(&id))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn hot_reads_send_one_statement_and_one_for_authentication() {
    let data = folder();
    let mut command = command(data.path());
    command
        .env("ACCUNODE_LOG", "info,sqlx::query=debug")
        .env("ACCUNODE_LOG_FORMAT", "json");
    let serving = Serving::of(command);
    let ana = serving.anonymous().register("ana@example.com").await;
    let prediction = json!({
        "company": { "symbol": "ACME", "name": "Acme Corporation", "sector": "Energy" },
        "reporting_year": "2024",
        "ratios": {
            "long_term_debt_to_total_capital": 0.3, "total_debt_to_ebitda": 2.5,
            "net_income_margin": 0.04, "ebit_to_interest_expense": 6.5, "return_on_assets": 0.05
        },
    });
    let made = ana
        .post("/predictions/annual", &prediction)
        .await
        .expect(201);
    let id = |value: &serde_json::Value| value.as_str().expect("an id").to_owned();
    let (prediction, company) = (id(&made["id"]), id(&made["company_id"]));
    let mut wrong = Vec::new();
    for (place, (path, most)) in STATEMENTS.into_iter().enumerate() {
        let path = path
            .replace("{company}", &company)
            .replace("{prediction}", &prediction);
        // The first requests open new connections and compute figures.
        for turn in 0..2 {
            statements(&serving, &ana, &path, &format!("warm-{place}-{turn}")).await;
        }
        let sent = statements(&serving, &ana, &path, &format!("counted-{place}")).await;
        if sent.len() != most {
            wrong.push(format!(
                "{path}: {} statements, not {most}:\n{}",
                sent.len(),
                sent.join("\n")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
