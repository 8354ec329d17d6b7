//! Every page, as each role sees it.

use accunode::commands::seed::{DEMO_PASSWORD, fill_demo};
use accunode_tests::Service;
use serde_json::json;

use crate::kit::Browser;

/// The pages of administrators, with their names in the menu.
pub(crate) const MANAGED: [(&str, &str); 4] = [
    ("/organization", "Organization"),
    ("/organizations", "Organizations"),
    ("/audit", "Audit log"),
    ("/administration", "Administration"),
];

/// A service with the demonstration data.
pub(crate) async fn demo() -> Service {
    let service = Service::start().await;
    let pool = service.database.superuser().await;
    let mut connection = pool.acquire().await.expect("a connection");
    let application = &service.wired().application;
    fill_demo(application, &mut connection, DEMO_PASSWORD)
        .await
        .expect("the demonstration");
    while service
        .wired()
        .store
        .fold_rollups()
        .await
        .expect("the sums")
        > 0
    {}
    service
}

/// Returns the address of the first matching row of a list.
pub(crate) async fn first(browser: &Browser, list: &str, view: &str, condition: &str) -> String {
    let script = format!(
        "return fetch('api/v1{list}').then((answer) => answer.json()) \
           .then((page) => page.data.find((row) => {condition}).id);"
    );
    let id = browser.run(&script, vec![]).await;
    format!("{view}{}", id.as_str().expect("an id"))
}

pub(crate) async fn detail_views(browser: &Browser) -> Vec<String> {
    vec![
        first(browser, "/companies?sort=symbol", "/companies/", "true").await,
        first(
            browser,
            "/predictions/annual?sort=pd",
            "/predictions/annual/",
            "true",
        )
        .await,
        first(
            browser,
            "/predictions/quarterly?sort=pd",
            "/predictions/quarterly/",
            "true",
        )
        .await,
        first(browser, "/bulk-uploads", "/uploads/", "row.error_count > 0").await,
    ]
}

/// Returns an address of every route, and more than one if a page shows different content. A
/// new route with parameters must be added here.
pub(crate) async fn every_view(browser: &Browser) -> Vec<String> {
    let details = detail_views(browser).await;
    let mut views = Vec::new();
    for route in browser.routes().await {
        let found: Vec<_> = match route.as_str() {
            "/companies/:id" => vec![details[0].clone(), format!("{}?kind=quarterly", details[0])],
            "/predictions/:kind/:id" => details[1..3].to_vec(),
            "/uploads/:id" => vec![details[3].clone()],
            "/validations/:id" => vec![
                first(
                    browser,
                    "/validations?is_signed_off=true",
                    "/validations/",
                    "true",
                )
                .await,
                first(
                    browser,
                    "/validations?is_signed_off=false",
                    "/validations/",
                    "true",
                )
                .await,
            ],
            "/models/:name/:version/monitoring" => {
                let of = "/models/annual/2.0.0/monitoring?owner=organization:";
                vec![first(browser, "/organizations", of, "row.parent_id").await]
            }
            "/models/:name/:version" => vec!["/models/annual/2.0.0".to_owned()],
            "/organizations/:id" => {
                vec![
                    first(
                        browser,
                        "/organizations",
                        "/organizations/",
                        "row.parent_id",
                    )
                    .await,
                ]
            }
            "/account" => ["profile", "security", "sessions", "keys", "data"]
                .map(|tab| format!("/account?tab={tab}"))
                .to_vec(),
            plain if !plain.contains(':') => vec![plain.to_owned()],
            other => panic!("name an address of the route {other}, so that its page is looked at"),
        };
        views.extend(found);
    }
    views
}

/// The targets of links in mails.
const DOORS: [&str; 4] = [
    "verify-email",
    "reset-password",
    "accept-invitation",
    "join",
];

#[tokio::test]
async fn every_page_is_accessible_and_free_of_errors_in_both_themes() {
    let service = demo().await;
    let browser = Browser::open(&service).await;
    browser.see("Sign in").await;
    for door in DOORS {
        browser.visit(&format!("{door}#token=invented")).await;
        browser.is_accessible_in_both_themes(door).await;
    }
    browser.visit("").await;
    browser
        .is_accessible_in_both_themes("the sign-in page")
        .await;
    browser
        .sign_in("operator@demo.example", DEMO_PASSWORD)
        .await;
    let views = every_view(&browser).await;
    for view in &views {
        browser.go(view).await;
        let is_missing = browser.shows("There is nothing at this address").await;
        assert!(!is_missing, "{view}");
        browser.is_accessible_in_both_themes(view).await;
        browser.is_quiet(view).await;
    }
    // A telephone: nothing may be wider than the window.
    let _ = browser.client.set_window_size(390, 844).await;
    for view in &views {
        browser.go(view).await;
        browser.is_quiet(&format!("{view} on a telephone")).await;
    }
}

#[tokio::test]
async fn menu_shows_exactly_what_a_role_may_use() {
    let service = demo().await;
    for (email, managed) in [
        ("guest@demo.example", &["Organization"][..]),
        ("ana@demo.example", &["Organization"]),
        ("oskar@demo.example", &["Organization", "Audit log"]),
        (
            "petra@demo.example",
            &["Organization", "Organizations", "Audit log"],
        ),
        (
            "operator@demo.example",
            &[
                "Organization",
                "Organizations",
                "Audit log",
                "Administration",
            ],
        ),
    ] {
        let browser = Browser::open(&service).await;
        browser.sign_in(email, DEMO_PASSWORD).await;
        let script = "return [...document.querySelectorAll('.side nav a')].slice(10).map((a) => a.textContent.trim())";
        assert_eq!(browser.run(script, vec![]).await, json!(managed), "{email}");
        for (view, name) in MANAGED {
            browser.go(view).await;
            let is_missing = browser.shows("There is nothing at this address").await;
            assert_eq!(is_missing, !managed.contains(&name), "{email}: {view}");
        }
        browser.is_quiet(email).await;
    }
}
