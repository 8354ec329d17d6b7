//! Errors, ids, headers, tokens and budgets.

use accunode_domain::{id::OrganizationId, organization::Membership, user::Role};
use actix_web::test::TestRequest;
use uuid::Uuid;

use crate::kit::{Kit, get, post, session, user};

#[actix_web::test]
async fn an_unknown_path_is_a_problem_document() {
    let answer = Kit::new().ask(TestRequest::get().uri("/nowhere")).await;
    answer.assert_problem(404, "not_found");
    let answer = Kit::new()
        .ask(TestRequest::get().uri("/api/v1/predictions/monthly"))
        .await;
    answer.assert_problem(404, "not_found");
}

#[actix_web::test]
async fn unsupported_method_is_405_with_allowed_methods() {
    let answer = Kit::new()
        .ask(TestRequest::put().uri("/api/v1/companies"))
        .await;
    answer.assert_problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET, HEAD, POST, OPTIONS");
}

#[actix_web::test]
async fn a_sane_request_id_is_kept_and_another_replaced() {
    let ask = |id: &'static str| {
        Kit::new().ask(
            TestRequest::get()
                .uri("/health/live")
                .insert_header(("X-Request-Id", id)),
        )
    };
    assert_eq!(ask("abc-1.2_3").await.header("x-request-id"), "abc-1.2_3");
    let new = Uuid::from_u128(77).to_string();
    assert_eq!(ask("a b").await.header("x-request-id"), new);
}

#[actix_web::test]
async fn every_answer_has_security_headers() {
    let answer = Kit::new().ask(TestRequest::get().uri("/health/live")).await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("x-frame-options"), "DENY");
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[actix_web::test]
async fn missing_or_invalid_token_is_401_without_details() {
    let answer = Kit::new()
        .ask(TestRequest::get().uri("/api/v1/companies?limit=0"))
        .await;
    answer.assert_problem(401, "token_required");
    assert!(answer.header("www-authenticate").starts_with("Bearer"));
    let request =
        post("/api/v1/companies", "{}").insert_header(("Authorization", "Bearer another"));
    Kit::with_user()
        .ask(request)
        .await
        .assert_problem(401, "invalid_token");
}

#[actix_web::test]
async fn members_of_an_inactive_organization_read_only_their_own_profile() {
    let organization = OrganizationId(Uuid::from_u128(5));
    let membership = Membership {
        organization,
        parent: None,
        children: Vec::new(),
        is_active: false,
        hide_system_data: false,
        require_second_factor: false,
    };
    let member = user(Role::OrgMember, Some(organization));
    let kit = Kit::signed_in(session(&member, Some(membership.clone())));
    kit.ask(get("/api/v1/companies"))
        .await
        .assert_problem(403, "organization_inactive");

    let mut kit = Kit::signed_in(session(&member, Some(membership.clone())));
    kit.store
        .auth
        .expect_with_membership()
        .returning(move |_| Ok(Some((member.clone(), Some(membership.clone()), 1))));
    let answer = kit.ask(get("/api/v1/me")).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    assert_eq!(answer.header("etag"), "\"4\"");
    assert_eq!(answer.json()["organization"]["is_active"], false);
}

#[actix_web::test]
async fn exhausted_rate_limit_is_429_with_its_headers() {
    let kit = Kit {
        remaining: 0,
        ..Kit::with_user()
    };
    let answer = kit.ask(get("/api/v1/companies")).await;
    answer.assert_problem(429, "rate_limited");
    assert_eq!(answer.header("retry-after"), "6");
    assert_eq!(answer.header("ratelimit-policy"), "\"read\";q=10;w=60");
    assert_eq!(answer.header("ratelimit"), "\"read\";r=0;t=6");
}

#[actix_web::test]
async fn unacceptable_accept_header_is_406() {
    let request = get("/api/v1/me").insert_header(("Accept", "text/html"));
    Kit::with_user()
        .ask(request)
        .await
        .assert_problem(406, "not_acceptable");
}

#[actix_web::test]
async fn body_of_another_media_type_is_refused() {
    let request =
        post("/api/v1/companies", "symbol=A").insert_header(("Content-Type", "text/plain"));
    Kit::with_user()
        .ask(request)
        .await
        .assert_problem(415, "unsupported_media_type");
    Kit::with_user()
        .ask(post("/api/v1/companies", "{"))
        .await
        .assert_problem(400, "malformed_json");
}

#[actix_web::test]
async fn invalid_company_body_reports_every_field() {
    let body = r#"{"nme": "x", "access_level": "all"}"#;
    let answer = Kit::with_user().ask(post("/api/v1/companies", body)).await;
    answer.assert_problem(422, "validation_failed");
    let mut faults = answer.faults();
    faults.sort();
    let expected = [
        ("/access_level", "unknown_value"),
        ("/nme", "unknown_field"),
        ("/symbol", "required"),
    ];
    assert_eq!(faults, expected.map(|(p, c)| (p.to_owned(), c.to_owned())));
}

#[actix_web::test]
async fn invalid_id_in_a_path_is_not_found() {
    Kit::with_user()
        .ask(get("/api/v1/companies/7"))
        .await
        .assert_problem(404, "not_found");
}

#[actix_web::test]
async fn openapi_page_needs_no_other_host() {
    let answer = Kit::new()
        .ask(TestRequest::get().uri("/openapi.json"))
        .await;
    assert!(
        answer.json()["openapi"]
            .as_str()
            .unwrap()
            .starts_with("3.1")
    );
    let answer = Kit::new().ask(TestRequest::get().uri("/docs/")).await;
    assert_eq!(answer.status.as_u16(), 200);
    assert!(!answer.text.contains("https://"), "{}", answer.text);
    let script = Kit::new()
        .ask(TestRequest::get().uri("/docs/swagger-initializer.js"))
        .await;
    assert!(script.text.contains("/openapi.json"), "{}", script.text);
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("script-src 'self'"), "{policy}");
}

#[actix_web::test]
async fn readiness_names_failing_checks() {
    let mut kit = Kit::new();
    kit.sessions.expect_find().returning(|_| {
        Err(accunode_ports::PortError::Unavailable {
            what: "sessions",
            cause: "redis://secret".into(),
        })
    });
    kit.scorer.expect_models().returning(Vec::new);
    kit.scorer.expect_refused().returning(Vec::new);
    let answer = kit.ask(TestRequest::get().uri("/health/ready")).await;
    answer.assert_problem(503, "not_ready");
    let codes: Vec<_> = answer.faults().into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["sessions", "model"]);
    assert!(!answer.text.contains("secret"), "{}", answer.text);
}

#[actix_web::test]
async fn concurrent_readiness_requests_share_one_check() {
    let mut kit = Kit::new();
    kit.sessions.expect_find().times(1).returning(|_| Ok(None));
    kit.scorer.expect_models().times(1).returning(Vec::new);
    kit.scorer.expect_refused().returning(Vec::new);
    let requests = (0..50).map(|_| TestRequest::get().uri("/health/ready"));
    assert_eq!(kit.ask_at_once(requests.collect()).await, [503; 50]);
}

#[actix_web::test]
async fn openapi_document_is_rate_limited() {
    let mut kit = Kit::new();
    kit.remaining = 0;
    let answer = kit.ask(TestRequest::get().uri("/openapi.json")).await;
    answer.assert_problem(429, "rate_limited");
}

#[actix_web::test]
async fn head_is_answered_where_get_is() {
    let request = TestRequest::default()
        .method(actix_web::http::Method::HEAD)
        .uri("/health/live");
    assert_eq!(Kit::new().ask(request).await.status.as_u16(), 200);
}
