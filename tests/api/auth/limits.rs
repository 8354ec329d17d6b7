//! Budgets of requests.

use accunode_tests::{Service, ServiceOptions};
use serde_json::json;

#[tokio::test]
async fn password_guessing_is_rate_limited_with_retry_after() {
    let service = Service::with(ServiceOptions::default().with("limits.auth", "3")).await;
    let guess = json!({ "email": "ana@example.com", "password": "a guess, a guess" });
    let mut last = service.anonymous().post("/auth/login", &guess).await;
    assert!(
        last.header("ratelimit-policy")
            .starts_with("\"auth\";q=3;w=60"),
        "{:?}",
        last.headers
    );
    let mut refused = None;
    for _ in 0..4 {
        last = service.anonymous().post("/auth/login", &guess).await;
        if last.status.as_u16() == 429 {
            refused = Some(last);
            break;
        }
        assert_eq!(last.problem(401), "invalid_credentials");
    }
    let refused = refused.expect("the budget ends");
    assert_eq!(refused.problem(429), "rate_limited");
    let seconds: u32 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert!(
        refused.header("ratelimit").starts_with("\"auth\";r=0;t="),
        "{:?}",
        refused.headers
    );
}

#[tokio::test]
async fn each_user_has_a_separate_rate_limit() {
    let service = Service::with(ServiceOptions::default().with("limits.read", "2")).await;
    let (ana, ben) = (service.user("ana").await, service.user("ben").await);
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(ana.get("/companies").await.status.as_u16());
    }
    assert_eq!(
        answers.iter().filter(|status| **status == 200).count(),
        2,
        "{answers:?}"
    );
    assert_eq!(answers.last(), Some(&429), "{answers:?}");
    let _ = ben.get("/companies").await.expect(200);
}
