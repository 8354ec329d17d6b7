//! The pages that links in mails lead to.

use accunode_tests::{PASSWORD, Postbox, Service};
use serde_json::json;

#[tokio::test]
async fn every_link_of_a_mail_leads_to_a_page_that_brings_nothing_from_elsewhere() {
    let service = Service::start().await;
    let anonymous = service.anonymous();
    for path in [
        "verify-email",
        "reset-password",
        "accept-invitation",
        "join",
    ] {
        let page = anonymous.get_as(&format!("//{path}"), "text/html").await;
        assert_eq!(page.status.as_u16(), 200, "{path}");
        assert!(page.header("content-type").starts_with("text/html"));
        let policy = page.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert!(!page.text.contains("http"), "{}", page.text);
        // The script speaks of this very page.
        let script = anonymous.get("//pages/page.js").await;
        assert!(script.text.contains(&format!("\"{path}\": {{")), "{path}");
    }
    for file in ["page.js", "page.css"] {
        let file = anonymous.get(&format!("//pages/{file}")).await;
        assert_eq!(file.status.as_u16(), 200);
        assert!(!file.text.contains("innerHTML") && !file.text.contains("//cdn"));
    }
    assert_eq!(
        anonymous.get("//pages/other").await.problem(404),
        "not_found"
    );
}

#[tokio::test]
async fn the_links_of_mails_are_those_of_the_pages() {
    let postbox = Postbox::start().await;
    let service = Service::with(postbox.options()).await;
    let anonymous = service.anonymous();
    let body = json!({ "email": "ana@example.com", "password": PASSWORD });
    let _ = anonymous.post("/auth/register", &body).await.expect(201);
    let ask = json!({ "email": "ana@example.com" });
    let _ = anonymous
        .post("/auth/password/forgot", &ask)
        .await
        .expect(202);
    service.mails_sent().await;
    let mails = postbox.mails_to("ana@example.com");
    assert_eq!(mails.len(), 2);
    for mail in mails {
        let (_, rest) = mail
            .text
            .split_once("https://risk.bank.example/")
            .expect("a link");
        let (path, _) = rest.split_once('#').expect("a token behind the path");
        let page = anonymous.get(&format!("//{path}")).await;
        assert_eq!(page.status.as_u16(), 200, "{path}");
    }
}
