//! Repeated `POST /auth/login`: growing waits, and no permanent lock-out.

use accunode_tests::{Answer, PASSWORD, Service, ServiceOptions, TestUser};
use serde_json::{Value, json};

use crate::support::ask;

/// Returns a service that trusts its peers to report the client's address, so that a test
/// can use many addresses.
async fn service(options: ServiceOptions) -> Service {
    Service::with(options.with("trusted_proxies", "127.0.0.1")).await
}

fn from(service: &Service, address: &str) -> TestUser {
    service.anonymous().with("x-forwarded-for", address)
}

async fn login(from: &TestUser, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    from.post("/auth/login", &body).await
}

async fn fail_until_locked_out(from: &TestUser, email: &str) -> (usize, Answer) {
    for tries in 0..100 {
        let answer = login(from, email, "not this one").await;
        if answer.status.as_u16() == 429 {
            return (tries, answer);
        }
        assert_eq!(answer.problem(401), "invalid_credentials");
    }
    panic!("no one is ever locked out");
}

async fn known_and_unknown_addresses_are_locked_out_equally(service: Service) {
    let ana = service.user("ana").await;
    let pool = service.database.superuser().await;
    let lock_out = async |email: &str, address: &str| {
        let (tries, answer) = fail_until_locked_out(&from(&service, address), email).await;
        assert_eq!(answer.problem(429), "locked_out");
        assert_eq!(answer.header("retry-after"), "2");
        let mut body = answer.json();
        body["request_id"] = Value::Null;
        (tries, body)
    };
    let known = lock_out("ana@example.com", "192.0.2.1").await;
    assert_eq!(known.0, 5);
    // The right password does not help before the wait is over, and costs nothing.
    let locked = login(&from(&service, "192.0.2.1"), "ANA@example.com", PASSWORD).await;
    assert_eq!(locked.problem(429), "locked_out");
    assert_eq!(known, lock_out("unknown@example.com", "192.0.2.2").await);
    assert_eq!(known, lock_out("no address at all", "192.0.2.3").await);
    // From another address she can sign in at once.
    let _ = login(&from(&service, "192.0.2.9"), "ana@example.com", PASSWORD)
        .await
        .expect(200);
    assert_eq!(ana.get("/me").await.expect(200)["email"], ana.email);

    let refusals: i64 = ask(
        &pool,
        "SELECT count(*) FROM audit_logs WHERE action = 'FAILED_LOGIN' \
         AND actor_email = 'unknown@example.com' AND host(ip_address) = '192.0.2.2'",
    )
    .await;
    assert_eq!(refusals, 6, "five failures and the refusal");
    let locked: i64 = ask(
        &pool,
        "SELECT count(*) FROM audit_logs WHERE metadata ->> 'reason' = 'locked_out'",
    )
    .await;
    assert_eq!(locked, 4);
}

async fn successful_login_resets_the_failures(service: Service) {
    service.user("ana").await;
    let here = from(&service, "192.0.2.1");
    for _ in 0..3 {
        for _ in 0..4 {
            let wrong = login(&here, "ana@example.com", "not this one").await;
            assert_eq!(wrong.problem(401), "invalid_credentials");
        }
        let _ = login(&here, "ana@example.com", PASSWORD).await.expect(200);
    }
}

/// However many attempts come from however many addresses.
async fn failures_from_other_addresses_do_not_lock_out_the_owner(service: Service) {
    service.user("ana").await;
    let home = from(&service, "192.0.2.1");
    let _ = login(&home, "ana@example.com", PASSWORD).await.expect(200);
    let mut guesses = 0;
    for n in 1..=30 {
        let stranger = from(&service, &format!("198.51.100.{n}"));
        guesses += fail_until_locked_out(&stranger, "ana@example.com").await.0;
    }
    assert!(guesses <= 25, "{guesses} guesses went through");
    let _ = login(&home, "ana@example.com", PASSWORD).await.expect(200);
    let away = login(&from(&service, "203.0.113.5"), "ana@example.com", PASSWORD).await;
    assert_eq!(away.problem(429), "locked_out");
    assert_eq!(away.header("retry-after"), "10");
    // Other users are not affected.
    service.user("ben").await;
}

crate::support::with_either_store! {
    super::service;
    known_and_unknown_addresses_are_locked_out_equally
    successful_login_resets_the_failures
    failures_from_other_addresses_do_not_lock_out_the_owner
}
