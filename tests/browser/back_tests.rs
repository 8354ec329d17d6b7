//! Outcomes and back-tests: an analyst records outcomes, an administrator requests a report,
//! and another administrator signs it off.

use accunode::commands::seed::DEMO_PASSWORD;
use serde_json::json;

use crate::{
    kit::Browser,
    pages::{demo, first},
};

#[tokio::test]
async fn outcome_is_recorded_withdrawn_and_uploaded_on_the_pages() {
    let service = demo().await;
    let browser = Browser::open(&service).await;
    browser.sign_in("ana@demo.example", DEMO_PASSWORD).await;
    let company = first(&browser, "/companies?symbol=ALAA", "/companies/", "true").await;
    browser.go(&company).await;
    browser.see("Nothing is recorded").await;
    browser.click("Record an outcome").await;
    browser.fill("On which day", "2025-03-31").await;
    browser.fill("Note", "<img src=x onerror=alert(1)>").await;
    browser.is_accessible_in_both_themes("recording").await;
    browser.click("Record").await;
    browser.see("Recorded.").await;
    // A day is the same day west of Greenwich.
    browser.time_zone("America/Los_Angeles").await;
    browser.client.refresh().await.expect("to load again");
    browser.go("/outcomes?symbol=ALAA").await;
    browser.see("<img src=x onerror=alert(1)>").await;
    let day = "return document.querySelector('.card-flush tbody tr').cells[2].innerText";
    let day = browser.run(day, vec![]).await;
    let day = day.as_str().unwrap_or_default();
    assert!(day.contains("31") && day.contains("2025"), "{day}");
    browser.click("Withdraw the outcome of").await;
    browser.fill("Why", "it was another company").await;
    browser.click("Withdraw").await;
    browser.see("No outcome matches").await;
    browser
        .go("/outcomes?symbol=ALAA&include_withdrawn=true")
        .await;
    browser.see("withdrawn: it was another company").await;

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("defaults.csv");
    let rows = "Ticker,Default date,default_definition,event\n\
                ALAA,2025-04-30,bankruptcy@1,default\nNOSUCH,2025-04-30,bankruptcy@1,default\n";
    std::fs::write(&file, rows).expect("a file");
    browser.go("/outcomes").await;
    browser.click("From a file").await;
    browser.choose_file(&file).await;
    browser.see("4 of 4 columns are recognised").await;
    browser.click("Upload").await;
    browser.see("Failed rows").await;
    browser.see("NOSUCH").await;
    browser.is_accessible_in_both_themes("refused rows").await;
    browser.go("/outcomes?symbol=ALAA").await;
    let rows = "return document.querySelectorAll('.card-flush tbody tr').length";
    assert_eq!(browser.run(rows, vec![]).await, json!(1));
    browser.is_quiet("outcomes").await;
}

#[tokio::test]
async fn back_test_is_requested_and_signed_off_by_two_administrators() {
    let service = demo().await;
    let browser = Browser::open(&service).await;
    browser.sign_in("oskar@demo.example", DEMO_PASSWORD).await;
    browser.go("/validations/new").await;
    browser.see("These outcomes are complete from").await;
    browser.fill("Which prediction counts", "period").await;
    browser.fill("First day (D0)", "2015-06-30").await;
    browser.click("Start").await;
    browser.see("That did not work").await;
    browser.fill("First day (D0)", "2022-06-30").await;
    browser.click("Start").await;
    browser.see("Undetermined").await;
    for shown in [
        "Shift δ",
        "Jeffreys",
        "Calibration curve",
        "ROC curve",
        "Grades",
        "Where companies moved",
        "Not rated",
        "Who was counted",
    ] {
        browser.see(shown).await;
    }
    browser.see("someone else signs it off").await;
    browser.is_quiet("a report").await;
    let at = browser.run("return location.hash.slice(1)", vec![]).await;
    let view = at.as_str().expect("an address");

    let petra = Browser::open(&service).await;
    petra.sign_in("petra@demo.example", DEMO_PASSWORD).await;
    let me = "return fetch('api/v1/me').then((answer) => answer.json()).then((me) => me.id)";
    let id = petra.run(me, vec![]).await;
    let mut user = service.anonymous();
    user.id = id.as_str().and_then(|id| id.parse().ok()).expect("an id");
    service.age_sessions(&user, 20 * 60).await;
    petra.go(view).await;
    petra.fill("Assessment", "2").await;
    petra.fill("Comment", "Too few defaults to say more.").await;
    petra.click("Sign off").await;
    petra.see("Confirm that it is you").await;
    petra.fill("Password", DEMO_PASSWORD).await;
    petra.click("Confirm").await;
    petra.see("It is final").await;
    petra.see("2, minor deficiencies").await;
    petra.see("By you, ").await;
    petra.see("by Oskar Lind").await;
    petra.is_quiet("a sign-off").await;
    petra.go("/validations?is_signed_off=true").await;
    let rows = "return document.querySelectorAll('tbody tr').length";
    assert_eq!(petra.run(rows, vec![]).await, json!(2));
}

#[tokio::test]
async fn sign_off_shows_the_name_to_those_who_may_read_the_user() {
    let service = demo().await;
    for (email, name) in [
        ("operator@demo.example", "By Petra Holm"),
        ("ben@demo.example", "By another administrator"),
    ] {
        let browser = Browser::open(&service).await;
        browser.sign_in(email, DEMO_PASSWORD).await;
        let signed = "/validations?is_signed_off=true";
        let report = first(&browser, signed, "/validations/", "true").await;
        browser.go(&report).await;
        browser.see(name).await;
        browser.is_quiet(email).await;
    }
}

#[tokio::test]
async fn movements_between_grades_are_a_heat_map_by_both_methods() {
    let service = demo().await;
    let browser = Browser::open(&service).await;
    browser.sign_in("oskar@demo.example", DEMO_PASSWORD).await;
    browser.go("/transitions").await;
    let warm =
        "return document.querySelectorAll('table.matrix td[class*=heat-]:not(.heat-0)').length";
    for (method, interval) in [("cohort", "Jeffreys"), ("duration", "Aalen")] {
        browser.fill("Method", method).await;
        browser.see(interval).await;
        browser.see("From grade (rows) to grade (columns)").await;
        browser.see("Not rated").await;
        let cells = browser.run(warm, vec![]).await;
        assert!(
            cells.as_u64().is_some_and(|cells| cells > 3),
            "{method}: {cells}"
        );
    }
    browser.is_quiet("movements").await;
}
