//! Sessions of browsers: tokens in cookies, accepted from the service's own pages only.

use accunode_tests::{Answer, PASSWORD, Service, ServiceOptions, TestUser};
use serde_json::json;

/// Returns a client that sends what a browser sends from the service's own page.
fn page(service: &Service) -> TestUser {
    service
        .anonymous()
        .with("x-accunode-client", "browser")
        .with("sec-fetch-site", "same-origin")
}

fn cookies(answer: &Answer) -> Vec<String> {
    let cookies = answer.headers.get_all("set-cookie").iter();
    cookies
        .map(|cookie| cookie.to_str().expect("text").to_owned())
        .collect()
}

/// Returns the `Cookie` header that belongs to a response's cookies.
fn jar(answer: &Answer) -> String {
    let cookies = cookies(answer);
    let pairs = cookies
        .iter()
        .map(|cookie| cookie.split(';').next().unwrap_or_default());
    pairs.collect::<Vec<_>>().join("; ")
}

async fn sign_in(service: &Service) -> Answer {
    service.user("ana").await;
    let login = json!({ "email": "ana@example.com", "password": PASSWORD });
    page(service).post("/auth/login", &login).await
}

#[tokio::test]
async fn browser_gets_tokens_in_http_only_cookies() {
    let service = Service::start().await;
    let answer = sign_in(&service).await;
    let body = answer.expect(201);
    assert_eq!(body["expires_in"], 900);
    assert_eq!(body["user"]["email"], "ana@example.com");
    assert!(!answer.text.contains("token"), "{}", answer.text);
    let cookies = cookies(&answer);
    assert_eq!(cookies.len(), 2);
    for cookie in &cookies {
        for part in ["; Path=/", "; HttpOnly", "; SameSite=Strict", "; Max-Age="] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    let ana = page(&service).with("cookie", &jar(&answer));
    assert_eq!(ana.get("/me").await.expect(200)["email"], "ana@example.com");
    let company = json!({ "symbol": "ACME", "name": "Acme", "sector": "Industrials" });
    let _ = ana.post("/companies", &company).await.expect(201);
}

#[tokio::test]
async fn cookies_over_https_have_the_host_prefix() {
    let options = ServiceOptions::default().with("public_url", "https://risk.bank.example");
    let service = Service::with(options).await;
    let answer = sign_in(&service).await;
    for cookie in cookies(&answer) {
        assert!(cookie.starts_with("__Host-accunode-"), "{cookie}");
        assert!(cookie.ends_with("; Secure"), "{cookie}");
    }
    let ana = page(&service).with("cookie", &jar(&answer));
    let _ = ana.get("/me").await.expect(200);
    // A cookie that others on the network path could have set is refused.
    let plain = jar(&answer).replace("__Host-", "");
    let ana = page(&service).with("cookie", &plain);
    assert_eq!(ana.get("/me").await.problem(401), "token_required");
}

/// A neighbouring host may set a cookie of the same name: over http nothing shows which of the
/// two is the service's.
#[tokio::test]
async fn two_differing_session_cookies_authenticate_no_one() {
    let service = Service::start().await;
    service.user("bea").await;
    let login = json!({ "email": "bea@example.com", "password": PASSWORD });
    let bea = jar(&page(&service).post("/auth/login", &login).await);
    let ana = jar(&sign_in(&service).await);
    for both in [format!("{ana}; {bea}"), format!("{bea}; {ana}")] {
        let planted = page(&service).with("cookie", &both);
        let answer = planted.get("/me").await;
        assert_eq!(answer.problem(401), "token_required", "{both}");
        let answer = planted.post("/auth/refresh", &json!({})).await;
        assert!(answer.status.is_client_error(), "{}", answer.text);
        assert!(cookies(&answer).is_empty());
    }
    let twice = page(&service).with("cookie", &format!("{ana}; {ana}"));
    let me = twice.get("/me").await;
    assert_eq!(me.expect(200)["email"], "ana@example.com");
}

#[tokio::test]
async fn cross_site_requests_with_the_cookie_are_refused() {
    let service = Service::start().await;
    let cookie = jar(&sign_in(&service).await);
    let ana = service.anonymous().with("cookie", &cookie);
    let company = json!({ "symbol": "ACME", "name": "Acme", "sector": "Industrials" });
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let other = ana.with(name, value);
        assert_eq!(
            other.get("/me").await.problem(403),
            "cross_site_request",
            "{value}"
        );
        let other = other.with("x-accunode-client", "browser");
        let answer = other.post("/companies", &company).await;
        assert_eq!(answer.problem(403), "cross_site_request", "{value}");
        let answer = other.post("/auth/refresh", &json!({})).await;
        assert_eq!(answer.problem(403), "cross_site_request", "{value}");
        let login = json!({ "email": "ana@example.com", "password": PASSWORD });
        let answer = other.post("/auth/login", &login).await;
        assert_eq!(answer.problem(403), "cross_site_request", "{value}");
        assert!(cookies(&answer).is_empty());
    }
    // A form of the same host, which cannot set headers, and a page that sends no origin.
    let form = ana.with("sec-fetch-site", "same-origin");
    assert_eq!(
        form.post("/companies", &company).await.problem(403),
        "cross_site_request"
    );
    assert_eq!(form.delete("/me").await.problem(403), "cross_site_request");
    let silent = ana.with("x-accunode-client", "browser");
    assert_eq!(
        silent.post("/companies", &company).await.problem(403),
        "cross_site_request"
    );
    let unknown = page(&service)
        .with("x-accunode-client", "other")
        .with("cookie", &cookie);
    assert_eq!(
        unknown.post("/companies", &company).await.problem(422),
        "unknown_value"
    );
    let ana = page(&service).with("cookie", &cookie);
    assert_eq!(ana.get("/companies").await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn browser_session_is_refreshed_stepped_up_and_ended_by_cookies() {
    let service = Service::start().await;
    let first = sign_in(&service).await;
    let ana = page(&service).with("cookie", &jar(&first));
    let second = ana.post("/auth/refresh", &json!({})).await;
    let _ = second.expect(201);
    assert_ne!(jar(&first), jar(&second));
    let ana = page(&service).with("cookie", &jar(&second));
    let third = ana
        .post("/auth/step-up", &json!({ "password": PASSWORD }))
        .await;
    let _ = third.expect(201);
    let ana = page(&service).with("cookie", &jar(&third));
    let _ = ana.get("/me/export").await.expect(200);
    let answer = ana.post("/auth/logout", &json!(null)).await;
    assert_eq!(answer.status.as_u16(), 204);
    let gone = cookies(&answer);
    assert_eq!(gone.len(), 2);
    assert!(
        gone.iter().all(|cookie| cookie.contains("Max-Age=0")),
        "{gone:?}"
    );
    assert_eq!(ana.get("/me").await.problem(401), "invalid_token");
    assert_eq!(
        page(&service)
            .post("/auth/refresh", &json!({}))
            .await
            .problem(401),
        "token_expired"
    );
}

#[tokio::test]
async fn bearer_token_takes_precedence_over_the_cookie() {
    let service = Service::start().await;
    let cookie = jar(&sign_in(&service).await);
    let ben = service.user("ben").await;
    // Programs send none of our headers, and need nothing new.
    let both = ben
        .with("cookie", &cookie)
        .with("sec-fetch-site", "cross-site");
    assert_eq!(
        both.get("/me").await.expect(200)["email"],
        "ben@example.com"
    );
    let company = json!({ "symbol": "BEN", "name": "Ben", "sector": "Industrials" });
    let _ = both.post("/companies", &company).await.expect(201);
    // A key in a cookie is ignored: keys are for programs.
    let made = json!({ "name": "key", "scopes": ["read"] });
    let key = ben.post("/api-keys", &made).await.expect(201);
    let key = key["secret"].as_str().expect("a secret");
    let ana = page(&service).with("cookie", &format!("accunode-access={key}"));
    assert_eq!(ana.get("/me").await.problem(401), "token_required");
}
