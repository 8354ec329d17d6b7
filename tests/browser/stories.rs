//! The tasks of users from beginning to end.

use std::fs;

use accunode::commands::seed::DEMO_PASSWORD;
use accunode_tests::{PASSWORD, Service};
use serde_json::json;

use crate::{
    kit::Browser,
    pages::{demo, first},
};

const HEADER: &str = "company_symbol,company_name,sector,country,currency,reporting_year,long_term_debt_to_total_capital,total_debt_to_ebitda,net_income_margin,ebit_to_interest_expense,return_on_assets";
const HOSTILE: &str = "<img src=x onerror=alert(1)>";

#[tokio::test]
async fn analyst_uploads_corrects_resends_and_undoes_a_file() {
    let service = Service::start().await;
    service.user("ana").await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("first round <b>.csv");
    let rows = format!(
        "{HEADER}\nGOOD,{HOSTILE},Energy,DEU,EUR,2024,0.31,2.1,0.08,6.2,0.05\n\
         LATE,Late Works,Industrials,DEU,EUR,20x4,0.52,5.1,0.01,1.4,0.01\n"
    );
    fs::write(&file, rows).expect("a file");

    let browser = Browser::open(&service).await;
    browser.sign_in("ana@example.com", PASSWORD).await;
    browser.go("/uploads/new").await;
    browser.choose_file(&file).await;
    browser.see("11 of 11 columns are recognised").await;
    browser.click("Upload").await;
    browser.see("Failed rows").await;
    browser.see("20x4").await;
    browser.is_quiet("an upload with a failed row").await;
    let bad = "return document.querySelector('.cell-bad input')?.value";
    browser.settled().await;
    assert_eq!(browser.run(bad, vec![]).await, json!("20x4"));

    browser.fill("reporting_year, failed row 1", "2024").await;
    browser.click("Resend corrected rows").await;
    browser.see("first round <b>-corrected.csv").await;
    browser.see("Every row was stored").await;

    // The name is shown as text, in the list and on the page.
    browser.go("/companies").await;
    browser.see(HOSTILE).await;
    browser.click(HOSTILE).await;
    browser.see("PD over time").await;
    browser.settled().await;
    assert_eq!(
        browser
            .run(
                "return document.querySelectorAll('img[src=x]').length",
                vec![]
            )
            .await,
        json!(0)
    );
    // Reloading shows the same view, and going back the previous one.
    browser.client.refresh().await.expect("to load again");
    browser.see(HOSTILE).await;
    browser.client.back().await.expect("to go back");
    browser.see("Late Works").await;
    browser.is_quiet("companies").await;

    browser.go("/uploads").await;
    browser.click("first round <b>-corrected.csv").await;
    browser.click("Undo").await;
    browser.click("Undo the upload").await;
    browser.see("The upload is undone").await;
    browser.go("/predictions?symbol=LATE").await;
    browser.see("No prediction matches").await;
    browser.is_quiet("the end of the story").await;
}

#[tokio::test]
async fn earlier_version_of_a_prediction_is_compared_with_the_present_one() {
    let service = demo().await;
    let browser = Browser::open(&service).await;
    browser.sign_in("ana@demo.example", DEMO_PASSWORD).await;
    let list = "/predictions/annual?symbol=ALAA&reporting_year=2025";
    let prediction = first(&browser, list, "/predictions/annual/", "true").await;
    // The same period again with another ratio.
    let script = "return fetch(`api/v1${arguments[0]}`).then((answer) => answer.json()).then((old) => \
        fetch('api/v1/predictions/annual', { \
            method: 'POST', \
            headers: { 'Content-Type': 'application/json', 'X-AccuNode-Client': 'browser' }, \
            body: JSON.stringify({ \
                company_id: old.company_id, reporting_year: '2025', on_conflict: 'update', access_level: 'organization', \
                ratios: { ...old.ratios, return_on_assets: -0.1 } }) })).then((answer) => answer.status);";
    let status = browser.run(script, vec![json!(prediction)]).await;
    assert_eq!(status, json!(200));
    browser.go(&prediction).await;
    browser.see("Version 2 and now").await;
    let changes = "return [...document.querySelectorAll('table')].at(-1).innerText";
    let changes = browser.run(changes, vec![]).await;
    let changes = changes.as_str().unwrap_or_default();
    for row in [
        "Probability of default",
        "Risk level",
        "Model",
        "Return on assets",
    ] {
        assert!(changes.contains(row), "{row}: {changes}");
    }
    let changed = "return [...document.querySelectorAll('table')].at(-1).querySelectorAll('td:last-child span:not(.muted)').length";
    let changed = browser.run(changed, vec![]).await;
    assert!(changed.as_u64().is_some_and(|rows| rows > 0), "{changes}");
    browser.is_accessible_in_both_themes("versions").await;
    browser.is_quiet("versions").await;
}

#[tokio::test]
async fn what_if_page_recomputes_while_dragging_and_stores_the_result() {
    let service = Service::start().await;
    service.user("ana").await;
    let browser = Browser::open(&service).await;
    browser.sign_in("ana@example.com", PASSWORD).await;
    browser.go("/score").await;
    browser.see("How often operating earnings").await;
    browser.settled().await;
    let pd = "return document.querySelector('.verdict .big')?.title";
    let before = browser.run(pd, vec![]).await;
    browser.fill("EBIT / interest expense, slider", "0.2").await;
    assert!(before.is_string(), "{before}");
    let differs = "const now = document.querySelector('.verdict .big')?.title; return now !== undefined && now !== arguments[0]";
    browser
        .until("the PD has changed", differs, vec![before])
        .await;
    browser.click("Store…").await;
    browser.fill("Symbol", "WHAT").await;
    browser.fill("Name", "What If").await;
    browser.click("Store").await;
    browser.see("What If, 20").await;
    browser.see("How it comes about").await;
    // The page of the typical ratios must not keep them for a prediction that is opened in it.
    let from = first(&browser, "/predictions/annual", "/score?from=", "true").await;
    browser.go("/score").await;
    browser.go(&from).await;
    browser.see("Scenario B").await;
    let ratio = "return document.getElementById('ratio-A-ebit_to_interest_expense').value";
    assert_eq!(browser.run(ratio, vec![]).await, json!("0.2"));
    browser.is_quiet("a stored scenario").await;
}

#[tokio::test]
async fn interrupted_action_continues_after_the_password_prompt() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let browser = Browser::open(&service).await;
    browser.sign_in("ana@example.com", PASSWORD).await;
    service.age_sessions(&ana, 20 * 60).await;
    browser.go("/account").await;
    browser.click("New API key").await;
    browser.fill("Name", "nightly").await;
    browser.click("Make it").await;
    browser.see("Confirm that it is you").await;
    browser.is_accessible("the dialog of a step-up").await;
    browser.fill("Password", PASSWORD).await;
    browser.click("Confirm").await;
    browser.see("This is the only time that it is shown").await;
    browser.is_quiet("a step-up").await;
}

#[tokio::test]
async fn ended_session_leads_to_the_sign_in_page_and_back() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let browser = Browser::open(&service).await;
    browser.sign_in("ana@example.com", PASSWORD).await;
    browser.go("/models").await;
    browser.see("served by default").await;
    let user = accunode_domain::id::UserId(ana.id);
    let sessions = &service.wired().application.ports().sessions;
    sessions
        .end_all(user, None)
        .await
        .expect("the sessions to end");
    browser.go("/uploads").await;
    browser.see("Your session has ended").await;
    browser.fill("E-mail address", "ana@example.com").await;
    browser.fill("Password", PASSWORD).await;
    browser.click("Sign in").await;
    browser.see("No uploads yet").await;
    // No script of the page can read a token.
    let seen =
        "return document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)";
    let seen = browser.run(seen, vec![]).await.to_string();
    assert!(
        !seen.contains("accunode-access") && !seen.contains("at_"),
        "{seen}"
    );
    browser.is_quiet("a session that ended").await;
}
