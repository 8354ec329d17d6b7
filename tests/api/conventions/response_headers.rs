//! Statuses, headers and problems that handlers do not make.

use accunode_tests::{Answer, Service, ServiceOptions};
use serde_json::json;

/// Checks a problem document with the request's id that reveals no internals.
#[track_caller]
fn is_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.problem(status), code);
    let body = answer.json();
    assert_eq!(body["status"], status);
    assert_eq!(body["request_id"], answer.header("x-request-id"));
    assert_eq!(body["type"], format!("/docs/errors#{code}"));
    for inside in ["actix", "sqlx", "crates/", "panicked", "SELECT"] {
        assert!(!answer.text.contains(inside), "{}", answer.text);
    }
}

#[tokio::test]
async fn problem_type_leads_to_its_explanation() {
    let service = Service::start().await;
    let anonymous = service.anonymous();
    let answer = anonymous.get("/companies").await;
    is_problem(&answer, 401, "token_required");
    let page = anonymous.get("//docs/errors").await;
    assert_eq!(page.status.as_u16(), 200, "{}", page.text);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.text.contains("id=\"token_required\""));
}

#[tokio::test]
async fn unknown_path_is_a_not_found_problem() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    for path in [
        "/nothing",
        "//nothing",
        "//api/v2/companies",
        "/predictions/monthly",
        "/companies/a/b",
    ] {
        is_problem(&ana.get(path).await, 404, "not_found");
        is_problem(&service.anonymous().get(path).await, 404, "not_found");
    }
    for path in [
        "/companies/7",
        "/predictions/annual/not-an-id",
        "/bulk-uploads/'",
        "/models/none",
    ] {
        is_problem(&ana.get(path).await, 404, "not_found");
    }
}

#[tokio::test]
async fn unsupported_method_is_a_405_problem_with_allowed_methods() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let answer = ana.put("/companies", &json!({})).await;
    is_problem(&answer, 405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET, HEAD, POST, OPTIONS");
    let answer = ana.delete("/auth/login").await;
    is_problem(&answer, 405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "POST, OPTIONS");
}

#[tokio::test]
async fn options_lists_methods_and_head_is_get_without_a_body() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let options = ana.send_raw("OPTIONS", "/companies", Vec::new()).await;
    assert_eq!(options.status.as_u16(), 204, "{}", options.text);
    assert_eq!(options.header("allow"), "GET, HEAD, POST, OPTIONS");
    let nothing = ana.send_raw("OPTIONS", "/nothing", Vec::new()).await;
    is_problem(&nothing, 404, "not_found");
    let head = ana.send_raw("HEAD", "/companies", Vec::new()).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
    assert_eq!(head.header("content-type"), "application/json");
}

#[tokio::test]
async fn unlimited_requests_have_no_rate_limit_headers() {
    let options = ServiceOptions::default().with("limits.read", "0");
    let service = Service::with(options).await;
    let ana = service.user("ana").await;
    let answer = ana.get("/companies").await;
    assert_eq!(answer.header("ratelimit"), "", "{:?}", answer.headers);
    assert_eq!(answer.header("ratelimit-policy"), "");
}

#[tokio::test]
async fn unacceptable_format_is_a_406_problem() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    is_problem(
        &ana.get_as("/companies", "text/html").await,
        406,
        "not_acceptable",
    );
    is_problem(&ana.get_as("/me", "text/csv").await, 406, "not_acceptable");
    let _ = ana.get_as("/me", "text/html, */*;q=0.1").await.expect(200);
}

#[tokio::test]
async fn too_large_or_unsupported_body_is_a_problem() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    let large = format!("{{\"symbol\": \"{}\"}}", "A".repeat(3 << 20));
    is_problem(
        &ana.post_raw("/companies", large).await,
        413,
        "payload_too_large",
    );
    let form = ana.with("content-type", "application/x-www-form-urlencoded");
    is_problem(
        &form.post_raw("/companies", "symbol=ACME").await,
        415,
        "unsupported_media_type",
    );
    let packed = ana.with("content-encoding", "gzip");
    is_problem(
        &packed.post_raw("/companies", "{}").await,
        415,
        "unsupported_media_type",
    );
    let json = ana
        .post("/bulk-uploads", &json!({ "job_type": "annual" }))
        .await;
    is_problem(&json, 415, "unsupported_media_type");
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_any_other_replaced() {
    let service = Service::start().await;
    let anonymous = service.anonymous();
    let kept = anonymous
        .with("x-request-id", "trace-1.a_B")
        .get("//health/live")
        .await;
    assert_eq!(kept.header("x-request-id"), "trace-1.a_B");
    for other in ["", "two words", "a\"b", "x".repeat(101).as_str()] {
        let answer = anonymous.with("x-request-id", other).get("/me").await;
        let id = answer.header("x-request-id");
        assert!(!id.is_empty() && id != other, "{other:?} became {id:?}");
        is_problem(&answer, 401, "token_required");
    }
    let (one, two) = (anonymous.get("/me").await, anonymous.get("/me").await);
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
}

#[tokio::test]
async fn every_response_has_security_headers() {
    let service = Service::start().await;
    let ana = service.user("ana").await;
    for answer in [
        ana.get("/me").await,
        ana.get("/nothing").await,
        service.anonymous().get("/me").await,
    ] {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(
            answer
                .header("content-security-policy")
                .contains("default-src 'none'")
        );
    }
}

#[tokio::test]
async fn hsts_is_sent_only_with_an_https_public_url() {
    for (url, expected) in [
        (
            "https://risk.bank.example",
            "max-age=31536000; includeSubDomains",
        ),
        ("http://risk.bank.example", ""),
    ] {
        let options = ServiceOptions::default().with("public_url", url);
        let service = Service::with(options).await;
        let answers = [
            service.anonymous().get("//health/live").await,
            service.anonymous().get("/companies").await,
        ];
        for answer in answers {
            assert_eq!(
                answer.header("strict-transport-security"),
                expected,
                "{url}"
            );
        }
    }
}
