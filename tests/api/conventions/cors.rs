//! Requests by pages of other origins.

use accunode_tests::{Answer, PASSWORD, Service, ServiceOptions, TestUser};
use serde_json::json;

const APP: &str = "https://app.example.com";

async fn service() -> Service {
    let origins = format!("{APP}, http://localhost:3000");
    Service::with(ServiceOptions::default().with("allowed_origins", &origins)).await
}

/// The preflight that a browser sends before a script of this origin may send the request.
async fn preflight(who: &TestUser, origin: &str, method: &str, path: &str) -> Answer {
    who.with("origin", origin)
        .with("access-control-request-method", method)
        .with("access-control-request-headers", "authorization,if-match")
        .send_raw("OPTIONS", path, Vec::new())
        .await
}

fn cors_headers(answer: &Answer) -> Vec<String> {
    let names = answer.headers.keys().map(ToString::to_string);
    names
        .filter(|name| name.starts_with("access-control-"))
        .collect()
}

fn varies_by_origin(answer: &Answer) -> bool {
    let mut vary = answer.headers.get_all("vary").iter();
    vary.any(|value| value == "Origin")
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_calls_the_api_with_a_token() {
    let service = service().await;
    service.user("ana").await;
    let visitor = service.anonymous();
    let asked = preflight(&visitor, APP, "PATCH", "/companies/{id}").await;
    assert_eq!(asked.status, 204, "{}", asked.text);
    assert_eq!(asked.header("access-control-allow-origin"), APP);
    let methods = asked.header("access-control-allow-methods");
    assert!(
        methods.contains("PATCH") && !methods.contains("POST"),
        "{methods}"
    );
    let sent = asked.header("access-control-allow-headers").to_lowercase();
    for name in [
        "authorization",
        "content-type",
        "if-match",
        "idempotency-key",
    ] {
        assert!(sent.contains(name), "{sent}");
    }
    assert!(!sent.contains("x-accunode-client"), "{sent}");
    assert_eq!(asked.header("access-control-max-age"), "600");

    let login = json!({ "email": "ana@example.com", "password": PASSWORD });
    let signed_in = visitor
        .with("origin", APP)
        .post("/auth/login", &login)
        .await;
    let token = signed_in.expect(200)["access_token"].clone();
    let bearer = format!("Bearer {}", token.as_str().expect("a token"));
    let ana = visitor.with("origin", APP).with("authorization", &bearer);
    let body = json!({ "symbol": "ACME" });
    let made = ana.post("/companies", &body).await;
    let _ = made.expect(201);
    assert_eq!(made.header("access-control-allow-origin"), APP);
    let readable = made.header("access-control-expose-headers").to_lowercase();
    for name in ["etag", "location", "x-request-id", "retry-after"] {
        assert!(readable.contains(name), "{readable}");
    }
    assert!(varies_by_origin(&made));
    // Errors can be read, too.
    let wrong = ana.post("/companies", &body).await;
    assert_eq!(wrong.problem(409), "symbol_taken");
    assert_eq!(wrong.header("access-control-allow-origin"), APP);
    for answer in [asked, signed_in, made, wrong] {
        assert!(
            !cors_headers(&answer).contains(&"access-control-allow-credentials".to_owned()),
            "cookies of a browser must never come along"
        );
    }
}

#[tokio::test]
async fn other_origins_get_no_cors_headers() {
    let service = service().await;
    let ana = service.user("ana").await;
    for origin in [
        "https://evil.example.com",
        "http://app.example.com",
        "https://app.example.com.evil.example",
        "https://app.example.com:8443",
        "null",
    ] {
        let asked = preflight(&service.anonymous(), origin, "GET", "/companies").await;
        assert_eq!(asked.status, 204);
        let read = ana.with("origin", origin).get("/companies").await;
        let _ = read.expect(200);
        for answer in [asked, read] {
            assert!(cors_headers(&answer).is_empty(), "{origin}: {answer:?}");
            assert!(varies_by_origin(&answer), "{origin}");
        }
    }
    // A cache must not give a page the answer to a request without an origin.
    assert!(varies_by_origin(&ana.get("/companies").await));
}

#[tokio::test]
async fn no_cors_headers_are_sent_without_allowed_origins() {
    let service = Service::start().await;
    let asked = preflight(&service.anonymous(), APP, "GET", "/companies").await;
    let read = service
        .user("ana")
        .await
        .with("origin", APP)
        .get("/companies")
        .await;
    for answer in [asked, read] {
        assert!(cors_headers(&answer).is_empty(), "{answer:?}");
        assert!(!varies_by_origin(&answer));
    }
}

#[tokio::test]
async fn session_cookies_are_refused_from_allowed_origins() {
    let service = service().await;
    service.user("ana").await;
    let login = json!({ "email": "ana@example.com", "password": PASSWORD });
    let own_page = service
        .anonymous()
        .with("x-accunode-client", "browser")
        .with("sec-fetch-site", "same-origin");
    let signed_in = own_page.post("/auth/login", &login).await;
    let cookies = signed_in.headers.get_all("set-cookie").iter();
    let cookies: Vec<_> = cookies
        .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
        .collect();
    assert_eq!(cookies.len(), 2);
    let foreign = service
        .anonymous()
        .with("origin", APP)
        .with("cookie", &cookies.join("; "));
    assert_eq!(foreign.get("/me").await.problem(403), "cross_site_request");
}
