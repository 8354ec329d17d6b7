//! The pages of links in mails.

use accunode_tests::{PASSWORD, Postbox, Service};
use serde_json::json;

#[tokio::test]
async fn console_loads_nothing_from_other_hosts_and_is_cached_by_version() {
    let service = Service::start().await;
    let anonymous = service.anonymous();
    for path in [
        "",
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
            policy.starts_with("default-src 'self';") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-cache");
        assert!(!page.text.contains("http"), "{}", page.text);
    }
    let page = anonymous.get("//").await;
    let known = anonymous.with("if-none-match", page.header("etag"));
    assert_eq!(known.get("//").await.status.as_u16(), 304);
    let files = page
        .text
        .split('"')
        .filter(|text| text.starts_with("console/"));
    let files: Vec<&str> = files.collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let answer = anonymous.get(&format!("//{file}")).await;
        assert_eq!(answer.status.as_u16(), 200, "{file}");
        assert_eq!(
            answer.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'self'")
        );
    }
    let older = anonymous.get("//console/0123456789abcdef/app.js").await;
    assert_eq!(older.header("cache-control"), "no-cache");
    for path in [
        "//console/x/other.js",
        "//console/x/../lib.rs",
        "//console/x/index.html",
    ] {
        assert_eq!(
            anonymous.get(path).await.problem(404),
            "not_found",
            "{path}"
        );
    }
}

#[tokio::test]
async fn files_of_the_console_are_sent_compressed_to_those_who_accept_it() {
    let service = Service::start().await;
    let anonymous = service.anonymous();
    let file = "//console/x/vendor/echarts.js";
    let plain = anonymous.with("accept-encoding", "identity");
    let plain = plain.get(file).await;
    assert_eq!(plain.header("content-encoding"), "");
    for (accepted, encoding) in [
        ("gzip, deflate, br, zstd", "gzip"),
        ("gzip;q=0.5, identity;q=0.1", "gzip"),
        ("*", ""),
        ("gzip;q=0, identity", ""),
        ("identity", ""),
        ("br", ""),
        ("deflate", "deflate"),
    ] {
        let browser = anonymous.with("accept-encoding", accepted);
        let answer = browser.get(file).await;
        assert_eq!(answer.status.as_u16(), 200, "{accepted}");
        assert_eq!(answer.header("content-encoding"), encoding, "{accepted}");
        assert_eq!(answer.header("vary"), "accept-encoding", "{accepted}");
        assert_eq!(answer.header("etag"), plain.header("etag"), "{accepted}");
        let known = browser.with("if-none-match", answer.header("etag"));
        let known = known.get(file).await;
        assert_eq!(known.status.as_u16(), 304, "{accepted}");
        assert_eq!(known.header("vary"), "accept-encoding", "{accepted}");
    }
}

#[tokio::test]
async fn links_in_mails_lead_to_existing_pages() {
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
