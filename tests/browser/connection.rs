//! A service that cannot be reached for a while.

use accunode::commands::seed::DEMO_PASSWORD;

use crate::{kit::Browser, pages::demo};

#[tokio::test]
async fn page_without_a_connection_explains_itself_and_continues_afterwards() {
    let service = demo().await;
    let browser = Browser::open(&service).await;
    browser.sign_in("ana@demo.example", DEMO_PASSWORD).await;
    browser.go("/companies").await;
    browser.see("Companies").await;
    browser.connected(false).await;
    browser.go("/companies?q=ALAA").await;
    browser.see("The service cannot be reached").await;
    browser.see("No connection").await;
    // A page whose module was not loaded before.
    browser.go("/transitions").await;
    browser.see("The service cannot be reached").await;
    browser.see("Try again").await;
    browser.is_accessible_in_both_themes("no connection").await;
    browser.connected(true).await;
    browser.click("Try again").await;
    browser.see("Movements between grades").await;
    browser.settled().await;
    browser
        .until(
            "the notice is gone",
            "return !document.body.innerText.includes('cannot be reached')",
            vec![],
        )
        .await;
    browser.go("/companies?q=ALAA").await;
    browser.see("ALAA").await;
}
