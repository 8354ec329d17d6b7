//! `make pictures`: a picture of every page for review, and the pictures of the README.

use std::{fs, path::Path};

use accunode::commands::seed::DEMO_PASSWORD;

use crate::{
    kit::Browser,
    pages::{demo, detail_views, every_view, first},
};

/// Widths of a desktop, a small laptop and a telephone, in pixels.
const WIDTHS: [u32; 3] = [1440, 1024, 390];
const THEMES: [&str; 2] = ["light", "dark"];

async fn take(browser: &Browser, view: &str, file: &Path) {
    browser.go(view).await;
    // The chart library is loaded with the first chart.
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    let picture = browser.client.screenshot().await.expect("a picture");
    fs::write(file, picture).expect("a file");
}

async fn choose(browser: &Browser, theme: &str, width: u32, height: u32) {
    let sized = browser.client.set_window_size(width, height).await;
    sized.expect("a window of this size");
    browser.theme(theme).await;
    browser.client.refresh().await.expect("to load again");
}

#[tokio::test]
#[ignore = "it writes files; `make pictures` runs it"]
async fn pictures_of_the_pages() {
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/images");
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    fs::create_dir_all(&images).expect("the folder");
    fs::create_dir_all(&all).expect("the folder");
    let service = demo().await;
    let browser = Browser::open(&service).await;
    browser.sign_in("oskar@demo.example", DEMO_PASSWORD).await;
    let details = detail_views(&browser).await;
    let signed = "/validations?is_signed_off=true";
    let report = first(&browser, signed, "/validations/", "true").await;
    for (name, theme, view) in [
        ("overview", "light", "/"),
        ("prediction", "light", details[1].as_str()),
        ("validation", "light", &report),
        ("upload", "dark", &details[3]),
    ] {
        choose(&browser, theme, 1440, 900).await;
        take(&browser, view, &images.join(format!("{name}-{theme}.png"))).await;
    }
    browser.visit("").await;
    browser.click("Sign out").await;
    browser
        .sign_in("operator@demo.example", DEMO_PASSWORD)
        .await;
    let views = every_view(&browser).await;
    for theme in THEMES {
        for width in WIDTHS {
            choose(&browser, theme, width, 1_800).await;
            for (number, view) in views.iter().enumerate() {
                let name: String = view
                    .chars()
                    .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
                    .take(40)
                    .collect();
                let name = format!("{number:02}{name}-{theme}-{width}.png");
                take(&browser, view, &all.join(name)).await;
            }
        }
    }
}
