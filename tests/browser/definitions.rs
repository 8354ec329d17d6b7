//! Definitions of default of one's own: an administrator makes one and retires it.

use accunode::commands::seed::DEMO_PASSWORD;
use serde_json::json;

use crate::{kit::Browser, pages::demo};

const NAME: &str = "Retail, 30 days <img src=x onerror=alert(1)>";

#[tokio::test]
async fn administrator_makes_and_retires_a_definition_that_members_use() {
    let service = demo().await;
    let oskar = Browser::open(&service).await;
    oskar.sign_in("oskar@demo.example", DEMO_PASSWORD).await;
    oskar.go("/default-definitions").await;
    oskar.see("crr_178@1").await;
    oskar.click("New definition").await;
    oskar.is_accessible_in_both_themes("a new definition").await;
    oskar.fill("Name", NAME).await;
    oskar.fill("Code", "Retail 30").await;
    oskar.fill("Days past due", "30").await;
    oskar.click("Make it").await;
    oskar.see("That did not work").await;
    oskar.fill("Code", "retail_30").await;
    oskar.click("Make it").await;
    oskar.see("retail_30@1 can be named by outcomes").await;
    oskar.see("30 days past due").await;
    oskar.see("by you").await;
    oskar.is_quiet("a definition").await;

    let ana = Browser::open(&service).await;
    ana.sign_in("ana@demo.example", DEMO_PASSWORD).await;
    ana.go("/default-definitions").await;
    ana.see(NAME).await;
    ana.see("by another user").await;
    let buttons = "return document.querySelectorAll('main td button').length";
    assert_eq!(
        ana.run(buttons, vec![]).await,
        json!(0),
        "members retire none"
    );
    ana.go("/outcomes").await;
    ana.click("Record an outcome").await;
    ana.fill("By which definition", "retail_30@1").await;
    ana.is_quiet("a member's pages").await;

    oskar.click("Retire retail_30@1").await;
    oskar.click("Retire").await;
    oskar.see("retail_30@1 is retired").await;
    oskar.go("/default-definitions?is_retired=false").await;
    assert!(!oskar.shows(NAME).await);
    oskar.go("/default-definitions?is_retired=true").await;
    oskar.see(NAME).await;
    oskar
        .is_accessible_in_both_themes("retired definitions")
        .await;
    oskar.is_quiet("a retired definition").await;
}
