//! What a role sees on the pages that several roles share: no button that the API would refuse.

use accunode::commands::seed::DEMO_PASSWORD;
use accunode_tests::Service;
use serde_json::json;

use crate::{
    kit::Browser,
    pages::{demo, first},
};

async fn signed_in(service: &Service, email: &str) -> Browser {
    let browser = Browser::open(service).await;
    browser.sign_in(email, DEMO_PASSWORD).await;
    browser
}

/// Returns which of these texts the main part of the page has as a button, link or label.
async fn offered(browser: &Browser, of: &[&'static str]) -> Vec<&'static str> {
    browser.settled().await;
    let script = "return [...document.querySelectorAll('main button, main a, main label, main h2')].some((e) => e.innerText.trim() === arguments[0])";
    let mut found = Vec::new();
    for one in of {
        if browser.run(script, vec![json!(one)]).await == json!(true) {
            found.push(*one);
        }
    }
    found
}

#[tokio::test]
async fn only_creators_and_administrators_are_offered_to_change_rows() {
    let service = demo().await;
    let changes = ["Edit", "Remove", "Record an outcome", "History of changes"];
    // Ana made the company; Ben is another member, Oskar an administrator.
    for (email, expected) in [
        ("ana@demo.example", &changes[..3]),
        ("ben@demo.example", &changes[2..3]),
        ("oskar@demo.example", &changes[..]),
    ] {
        let browser = signed_in(&service, email).await;
        let company = first(&browser, "/companies?symbol=ALAA", "/companies/", "true").await;
        browser.go(&company).await;
        assert_eq!(offered(&browser, &changes).await, expected, "{email}");
        let prediction = first(
            &browser,
            "/predictions/annual?symbol=ALAA",
            "/predictions/annual/",
            "true",
        )
        .await;
        browser.go(&prediction).await;
        let shown = offered(&browser, &["What if…", "Remove"]).await;
        assert_eq!(shown.len(), expected.len().min(2), "{email}: {shown:?}");
        let upload = first(
            &browser,
            "/bulk-uploads?job_type=annual",
            "/uploads/",
            "row.success_count > 0",
        )
        .await;
        browser.go(&upload).await;
        let shown = offered(&browser, &["Its predictions", "Undo"]).await;
        assert_eq!(shown.len(), expected.len().min(2), "{email}: {shown:?}");
        browser.is_quiet(email).await;
    }
}

#[tokio::test]
async fn settings_of_an_organization_are_offered_to_those_who_may_change_them() {
    let service = demo().await;
    let settings = ["Industry (optional)", "Demand a second factor"];
    for (email, expected) in [
        ("ana@demo.example", &settings[..0]),
        ("oskar@demo.example", &settings[..1]),
        ("petra@demo.example", &settings[..]),
    ] {
        let browser = signed_in(&service, email).await;
        browser.go("/organization?tab=settings").await;
        assert_eq!(offered(&browser, &settings).await, expected, "{email}");
        // Parts that a member does not have are not shown by their address either.
        browser.go("/organization?tab=invitations").await;
        let shown = offered(&browser, &["Invite"]).await;
        assert_eq!(shown.is_empty(), email.starts_with("ana"), "{email}");
        browser.is_quiet(email).await;
    }
}
