//! Monitoring of models: what an administrator sees of it, and a member with nothing to monitor.

use accunode::commands::seed::DEMO_PASSWORD;
use serde_json::json;

use crate::{kit::Browser, pages::demo};

#[tokio::test]
async fn administrator_compares_periods_of_a_model_on_its_monitoring_page() {
    let service = demo().await;
    let browser = Browser::open(&service).await;
    browser.sign_in("oskar@demo.example", DEMO_PASSWORD).await;
    browser.go("/models/annual/2.0.0").await;
    browser.click("Monitoring").await;
    browser.see("2025 against the training data").await;
    for shown in [
        "Inputs and PD",
        "From period to period",
        "Moved most",
        "Probability of default",
        "Return on assets",
    ] {
        browser.see(shown).await;
    }
    browser.settled().await;
    // The PD and five ratios, each with a verdict in words, and its bins as a chart.
    let verdicts = "return [...document.querySelectorAll('[aria-label=\"Inputs and PD\"] tbody tr .judged')].map((e) => e.innerText.trim().split(/\\s+/).at(-1))";
    let verdicts = browser.run(verdicts, vec![]).await;
    let known = ["Stable", "Watch", "Shifted", "Undetermined"];
    let verdicts = verdicts.as_array().expect("verdicts");
    assert_eq!(verdicts.len(), 6, "{verdicts:?}");
    for verdict in verdicts {
        assert!(known.iter().any(|one| verdict == one), "{verdicts:?}");
    }
    let charts = "return document.querySelectorAll('figure.chart canvas').length === 7";
    browser
        .until("seven charts are drawn", charts, vec![])
        .await;

    browser.fill("Period", "2020").await;
    browser.see("2020 against the training data").await;
    browser.fill("Compared with", "2018").await;
    browser.see("2020 against 2018").await;
    browser.is_accessible_in_both_themes("two periods").await;
    // The address is the whole view: it can be reloaded, and left by the browser's button.
    browser.client.refresh().await.expect("to load again");
    browser.see("2020 against 2018").await;
    browser.client.back().await.expect("to go back");
    browser.see("2020 against the training data").await;
    let moved = "const row = document.querySelector('[aria-label=\"Moved most\"] tbody a'); row.click(); return row.getAttribute('href').startsWith('#/companies/')";
    browser.settled().await;
    assert_eq!(browser.run(moved, vec![]).await, json!(true));
    browser.see("PD over time").await;
    browser.is_quiet("monitoring").await;
}

#[tokio::test]
async fn monitoring_without_predictions_explains_itself() {
    let service = demo().await;
    let browser = Browser::open(&service).await;
    browser.sign_in("guest@demo.example", DEMO_PASSWORD).await;
    browser.go("/models/annual/2.0.0/monitoring").await;
    browser.see("Nothing can be compared").await;
    browser.is_accessible_in_both_themes("no figures").await;
    // The figures of an organization are for its administrators.
    let owners = "return [...document.querySelectorAll('.filters select')][0].innerText.trim()";
    assert_eq!(browser.run(owners, vec![]).await, json!("Only me"));
    browser.is_quiet("monitoring of nothing").await;
}
