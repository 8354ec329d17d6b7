//! Every page, as each role sees it.

use accunode::commands::seed::{DEMO_PASSWORD, fill_demo};
use accunode_tests::{PASSWORD, Service};
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
                let corporate = "row.name.startsWith('Corporate')";
                vec![first(browser, "/organizations", of, corporate).await]
            }
            "/models/:name/:version" => vec!["/models/annual/2.0.0".to_owned()],
            "/organizations/:id" => {
                let of = "/organizations/";
                let one = first(browser, "/organizations", of, "row.parent_id").await;
                ["members", "invitations", "joining", "settings"]
                    .map(|tab| format!("{one}?tab={tab}"))
                    .to_vec()
            }
            "/administration" => ["", "database", "maintenance", "organizations"]
                .map(|tab| format!("/administration?tab={tab}"))
                .to_vec(),
            "/score" => vec![
                route.clone(),
                // Two scenarios of a prediction.
                details[1].replacen("/predictions/annual/", "/score?from=", 1),
            ],
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
}

#[tokio::test]
async fn every_page_fits_a_telephone_and_can_be_reloaded() {
    let service = demo().await;
    let browser = Browser::open(&service).await;
    browser
        .sign_in("operator@demo.example", DEMO_PASSWORD)
        .await;
    let views = every_view(&browser).await;
    let _ = browser.client.set_window_size(390, 844).await;
    for view in &views {
        browser.go(view).await;
        browser.is_quiet(&format!("{view} on a telephone")).await;
        let title = browser.run(TITLE, vec![]).await;
        browser.client.refresh().await.expect("to load again");
        browser.see(title.as_str().unwrap_or_default()).await;
        browser.settled().await;
        browser.is_quiet(&format!("{view}, loaded again")).await;
    }
}

const TITLE: &str = "return document.querySelector('h1').innerText";

#[tokio::test]
async fn pages_of_a_new_user_are_accessible_without_rows() {
    let service = Service::start().await;
    service.user("nora").await;
    let browser = Browser::open(&service).await;
    browser.sign_in("nora@example.com", PASSWORD).await;
    let missing = "00000000-0000-7000-8000-000000000000";
    for route in browser.routes().await {
        let view = route
            .replace(":kind", "annual")
            .replace(":name", "annual")
            .replace(":version", "2.0.0")
            .replace(":id", missing);
        browser.go(&view).await;
        browser.is_accessible_in_both_themes(&view).await;
        browser.is_quiet(&view).await;
    }
    // Parameters that the API refuses, and addresses that were cut off.
    for (view, shown) in [
        ("/companies?sort=nonsense", "That did not work"),
        ("/predictions?pd_gte=high", "That did not work"),
        ("/transitions?from=2024-02-31", "That did not work"),
        ("/companies/%E0%A4", "There is nothing at this address"),
        ("/no/such/page", "There is nothing at this address"),
    ] {
        browser.go(view).await;
        browser.see(shown).await;
        browser.is_accessible_in_both_themes(view).await;
        browser.is_quiet(view).await;
    }
}

#[tokio::test]
async fn api_page_sends_requests_with_the_session_of_the_console() {
    let service = Service::start().await;
    service.user("ana").await;
    let browser = Browser::open(&service).await;
    browser.sign_in("ana@example.com", PASSWORD).await;
    browser.visit("docs/").await;
    browser.see("AccuNode API").await;
    execute(&browser, "get_account").await;
    browser.see("ana@example.com").await;
    // A change needs the console's header, too.
    execute(&browser, "end_my_other_sessions").await;
    let answered = "return [...document.querySelectorAll(arguments[0])].some((e) => e.innerText.trim().startsWith('204'))";
    let status = "[id$='-end_my_other_sessions'] .live-responses-table .response-col_status";
    browser
        .until("the change is made", answered, vec![json!(status)])
        .await;
}

/// Opens an operation of the API page and executes it without parameters.
async fn execute(browser: &Browser, operation: &str) {
    for step in [".opblock-summary-control", ".try-out__btn", ".execute"] {
        let script =
            "const e = document.querySelector(arguments[0]); e?.click(); return Boolean(e)";
        let button = format!("[id$='-{operation}'] {step}");
        browser.until(&button, script, vec![json!(button)]).await;
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
        let script = "return [...document.querySelectorAll('.side nav a')].slice(11).map((a) => a.textContent.trim())";
        assert_eq!(browser.run(script, vec![]).await, json!(managed), "{email}");
        for (view, name) in MANAGED {
            browser.go(view).await;
            let is_missing = browser.shows("There is nothing at this address").await;
            assert_eq!(is_missing, !managed.contains(&name), "{email}: {view}");
        }
        browser.is_quiet(email).await;
    }
}
