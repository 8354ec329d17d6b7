//! `make pictures`: the pages as pictures, into docs/images.

use std::{fs, path::Path};

use accunode::commands::seed::DEMO_PASSWORD;

use crate::{
    kit::Browser,
    pages::{demo, detail_views},
};

#[tokio::test]
#[ignore = "it writes files; `make pictures` runs it"]
async fn pictures_of_the_pages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/images");
    fs::create_dir_all(&folder).expect("the folder");
    let service = demo().await;
    let browser = Browser::open(&service).await;
    browser.sign_in("oskar@demo.example", DEMO_PASSWORD).await;
    let details = detail_views(&browser).await;
    let views = [
        ("overview", "/".to_owned()),
        ("predictions", "/predictions?sort=pd".to_owned()),
        ("company", details[0].clone()),
        ("prediction", details[1].clone()),
        ("score", "/score".to_owned()),
        ("upload", details[3].clone()),
        ("models", "/models".to_owned()),
        ("organization", "/organization".to_owned()),
        ("audit", "/audit".to_owned()),
    ];
    for theme in ["light", "dark"] {
        browser.theme(theme).await;
        browser.client.refresh().await.expect("to load again");
        for (name, view) in &views {
            browser.go(view).await;
            tokio::time::sleep(std::time::Duration::from_millis(700)).await;
            let picture = browser.client.screenshot().await.expect("a picture");
            fs::write(folder.join(format!("{name}-{theme}.png")), picture).expect("a file");
        }
    }
}
