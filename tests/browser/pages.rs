//! Every page, as each role finds it.

use accunode::commands::seed::{DEMO_PASSWORD, fill_demo};
use accunode_tests::Service;
use serde_json::json;

use crate::kit::Browser;

/// The views that need no id.
pub(crate) const VIEWS: [&str; 8] = [
    "/",
    "/companies",
    "/predictions?sort=pd",
    "/score",
    "/uploads",
    "/uploads/new",
    "/models",
    "/account",
];
/// Those of administrators, from which role on.
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

/// The address of the first row of a list that fits.
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

#[tokio::test]
async fn every_page_is_accessible_and_quiet_in_both_themes() {
    let service = demo().await;
    let browser = Browser::open(&service).await;
    browser.see("Sign in").await;
    for theme in ["light", "dark"] {
        browser.theme(theme).await;
        browser
            .is_accessible(&format!("the sign-in page, {theme}"))
            .await;
    }
    browser
        .sign_in("operator@demo.example", DEMO_PASSWORD)
        .await;
    let mut views: Vec<String> = VIEWS.iter().map(|view| (*view).to_owned()).collect();
    views.extend(MANAGED[1..].iter().map(|(view, _)| (*view).to_owned()));
    views.extend(detail_views(&browser).await);
    views.push(
        first(
            &browser,
            "/organizations",
            "/organizations/",
            "row.parent_id",
        )
        .await,
    );
    for view in &views {
        browser.go(view).await;
        for theme in ["light", "dark"] {
            browser.theme(theme).await;
            browser.is_accessible(&format!("{view}, {theme}")).await;
        }
        browser.is_quiet(view).await;
    }
    // A telephone: nothing is wider than the window.
    browser
        .client
        .set_window_size(390, 844)
        .await
        .expect("a narrow window");
    for view in &views {
        browser.go(view).await;
        browser.is_quiet(&format!("{view} on a telephone")).await;
    }
    assert!(!browser.shows("There is nothing at this address").await);
}

#[tokio::test]
async fn a_role_finds_in_the_menu_what_it_may_use_and_nothing_else() {
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
        let script = "return [...document.querySelectorAll('.side nav a')].slice(6).map((a) => a.textContent.trim())";
        assert_eq!(browser.run(script, vec![]).await, json!(managed), "{email}");
        for (view, name) in MANAGED {
            browser.go(view).await;
            let is_missing = browser.shows("There is nothing at this address").await;
            assert_eq!(is_missing, !managed.contains(&name), "{email}: {view}");
        }
        browser.is_quiet(email).await;
    }
}
