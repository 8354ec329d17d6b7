//! What an answer's time tells of who has an account: nothing.

use std::time::{Duration, Instant};

use accunode_tests::{Service, ServiceOptions};
use serde_json::{Value, json};

use crate::support::run;

/// Samples of either kind.
const SAMPLES: usize = 40;

/// How often one of `a` is slower than one of `b`: 0.5 where nothing tells them apart, 0
/// or 1 where everything does. Knows no outliers, so a busy machine does not disturb it.
fn slower(a: &[Duration], b: &[Duration]) -> f64 {
    let pairs = a.iter().flat_map(|a| b.iter().map(move |b| (a, b)));
    let score: f64 = pairs
        .map(|(a, b)| match a.cmp(b) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "a few thousand pairs")]
    let pairs = (a.len() * b.len()) as f64;
    score / pairs
}

/// Asks for known and unknown people in turn, so that both meet the same noise.
async fn compare(service: &Service, path: &str, body: impl Fn(&str) -> Value) -> f64 {
    let pool = service.database.superuser().await;
    run(
        &pool,
        "INSERT INTO users (email, password_hash, role, is_verified) \
         SELECT 'known' || n || '@example.com', (SELECT password_hash FROM users LIMIT 1), 'user', true \
           FROM generate_series(0, 60) n",
    )
    .await;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for n in 0..SAMPLES + 10 {
        for (who, times) in [("known", &mut known), ("strange", &mut unknown)] {
            let body = body(&format!("{who}{n}@example.com"));
            // Each from an address of his own, which has failed nowhere yet.
            let address = format!("10.{}.0.{n}", who.len());
            let somebody = service.nobody().with("x-forwarded-for", &address);
            let started = Instant::now();
            let answer = somebody.post(path, &body).await;
            let time = started.elapsed();
            assert!(
                matches!(answer.status.as_u16(), 202 | 401),
                "{}",
                answer.text
            );
            // The first ones warm connections and caches up.
            if n >= 10 {
                times.push(time);
            }
        }
    }
    slower(&known, &unknown)
}

#[test]
fn the_measure_tells_what_differs_from_what_does_not() {
    let times = |from: u64| {
        (from..from + 40)
            .map(Duration::from_millis)
            .collect::<Vec<_>>()
    };
    assert!((slower(&times(0), &times(0)) - 0.5).abs() < 0.01);
    assert!(slower(&times(100), &times(0)) > 0.99);
    assert!(slower(&times(20), &times(0)) > 0.85);
}

#[tokio::test]
async fn a_login_takes_as_long_whether_the_address_is_known_or_not() {
    let options = ServiceOptions::default().with("trusted_proxies", "127.0.0.1");
    let service = Service::with(options).await;
    service.person("ana").await;
    let wrong = |email: &str| json!({ "email": email, "password": "not this one at all" });
    let slower = compare(&service, "/auth/login", wrong).await;
    assert!((0.15..=0.85).contains(&slower), "{slower}");
}

#[tokio::test]
async fn asking_for_a_mail_takes_as_long_whether_the_address_is_known_or_not() {
    let options = ServiceOptions::default()
        .with("trusted_proxies", "127.0.0.1")
        .with("password_hashing.memory_kib", "64");
    let service = Service::with(options).await;
    service.person("ana").await;
    let slower = compare(
        &service,
        "/auth/password/forgot",
        |email| json!({ "email": email }),
    )
    .await;
    assert!((0.15..=0.85).contains(&slower), "{slower}");
}
