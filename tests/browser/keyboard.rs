//! The console without a mouse: every page, dialogs, and the link that skips the menu.

use accunode::commands::seed::DEMO_PASSWORD;
use serde_json::{Value, json};

use crate::{
    kit::Browser,
    pages::{demo, every_view, first},
};

const TAB: char = '\u{e004}';
const ENTER: char = '\u{e007}';
const ESCAPE: char = '\u{e00c}';
/// How often the key is pressed on a page: past the menu and well into the content.
const PRESSED: usize = 45;

/// Returns how many elements got the focus while the key was pressed, and the HTML of those
/// whose focus is not visible.
async fn walk(browser: &Browser) -> Value {
    let listen = r"
        window.walked = { stops: 0, unseen: [] };
        document.activeElement?.blur();
        document.addEventListener('focusin', window.listening ??= (event) => {
          const style = getComputedStyle(event.target);
          const box = event.target.getBoundingClientRect();
          const isSeen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1 && box.width > 0 && box.height > 0;
          const isOwn = event.target.type === 'file' || event.target.id === 'main' || event.target.tagName === 'H1';
          window.walked.stops += 1;
          if (!isSeen && !isOwn) window.walked.unseen.push(event.target.outerHTML.slice(0, 120));
        });";
    let _ = browser.run(listen, vec![]).await;
    browser.press(TAB, PRESSED).await;
    browser.run("return window.walked", vec![]).await
}

#[tokio::test]
async fn focus_is_visible_on_every_page_and_reaches_its_content() {
    let service = demo().await;
    let browser = Browser::open(&service).await;
    browser
        .sign_in("operator@demo.example", DEMO_PASSWORD)
        .await;
    for view in every_view(&browser).await {
        browser.go(&view).await;
        let walked = walk(&browser).await;
        assert_eq!(walked["unseen"], json!([]), "{view}");
        // The menu alone has 17 stops; on a page with few stops they repeat.
        let stops = walked["stops"].as_u64();
        assert!(stops.is_some_and(|stops| stops > 20), "{view}: {walked}");
    }
}

#[tokio::test]
async fn skip_link_and_dialogs_move_the_focus_and_return_it() {
    let service = demo().await;
    let browser = Browser::open(&service).await;
    browser.sign_in("oskar@demo.example", DEMO_PASSWORD).await;
    let company = first(&browser, "/companies?symbol=ALAA", "/companies/", "true").await;
    browser.go(&company).await;
    let _ = browser.run("document.activeElement?.blur()", vec![]).await;
    let focused = "return document.activeElement?.id || document.activeElement?.innerText";

    browser.client.refresh().await.expect("to load again");
    browser.see("PD over time").await;
    browser.settled().await;
    let _ = browser
        .run("document.querySelector('.skip').focus()", vec![])
        .await;
    browser.press(ENTER, 1).await;
    assert_eq!(browser.run(focused, vec![]).await, json!("main"));

    let opener = "Record an outcome";
    let focus = "[...document.querySelectorAll('button')].find((b) => b.innerText === arguments[0]).focus()";
    for closing in [ESCAPE, ENTER] {
        let _ = browser.run(focus, vec![json!(opener)]).await;
        browser.press(ENTER, 1).await;
        browser.see("By which definition").await;
        // However often the key is pressed, the focus stays in the dialog or with the browser.
        browser.press(TAB, 40).await;
        let inside = "return document.activeElement === document.body || document.querySelector('dialog').contains(document.activeElement)";
        assert_eq!(browser.run(inside, vec![]).await, json!(true));
        if closing == ENTER {
            let cancel = "[...document.querySelectorAll('dialog button')].find((b) => b.innerText === 'Cancel').focus()";
            let _ = browser.run(cancel, vec![]).await;
        }
        browser.press(closing, 1).await;
        browser
            .until(
                "the dialog is gone",
                "return !document.querySelector('dialog')",
                vec![],
            )
            .await;
        browser
            .until(
                "the focus is back on the button",
                "return document.activeElement?.innerText === arguments[0]",
                vec![json!(opener)],
            )
            .await;
    }
    browser.is_quiet("the keyboard").await;
}
