//! The response time does not reveal whether an account exists.

use std::time::{Duration, Instant};

use accunode_tests::{Service, ServiceOptions};
use serde_json::{Value, json};

use crate::support::run;

/// The number of compared pairs.
const PAIRS: u8 = 60;
/// The number of pairs before those, which warm up connections and caches.
const WARM_UP: u8 = 8;

/// Returns in how many of the pairs the first took longer: half of them if the times do not
/// differ, none or all if they differ completely. Both requests of a pair see the same
/// noise, so a busy machine disturbs single pairs and not their number.
fn slower(pairs: &[(Duration, Duration)]) -> f64 {
    let first = pairs.iter().filter(|(first, second)| first > second);
    let first = u32::try_from(first.count()).expect("few");
    f64::from(first) / f64::from(u32::try_from(pairs.len()).expect("few"))
}

/// Returns the median of the first divided by that of the second.
fn ratio(pairs: &[(Duration, Duration)]) -> f64 {
    let median = |mut all: Vec<Duration>| {
        all.sort_unstable();
        all[all.len() / 2].as_secs_f64()
    };
    let (first, second) = pairs.iter().copied().unzip();
    median(first) / median(second)
}

/// Sends requests for known and unknown users in alternating order; returns the times, the
/// known user's first.
async fn compare(
    service: &Service,
    path: &str,
    body: impl Fn(&str) -> Value,
) -> Vec<(Duration, Duration)> {
    let pool = service.database.superuser().await;
    run(
        &pool,
        "INSERT INTO users (email, password_hash, role, is_verified) \
         SELECT 'known' || n || '@example.com', (SELECT password_hash FROM users LIMIT 1), 'user', true \
           FROM generate_series(0, 99) n",
    )
    .await;
    let took = async |who: &str, n: u8| {
        // Each uses a separate address, from which no login has failed yet.
        let address = format!("10.{}.0.{n}", who.len());
        let someone = service.anonymous().with("x-forwarded-for", &address);
        let body = body(&format!("{who}{n}@example.com"));
        let started = Instant::now();
        let answer = someone.post(path, &body).await;
        let took = started.elapsed();
        assert!(
            matches!(answer.status.as_u16(), 202 | 401),
            "{}",
            answer.text
        );
        took
    };
    let mut pairs = Vec::new();
    for n in 0..WARM_UP + PAIRS {
        let pair = if n % 2 == 0 {
            let known = took("known", n).await;
            (known, took("strange", n).await)
        } else {
            let strange = took("strange", n).await;
            (took("known", n).await, strange)
        };
        if n >= WARM_UP {
            pairs.push(pair);
        }
    }
    pairs
}

#[test]
fn timing_measure_distinguishes_equal_from_different_durations() {
    let pair = |first, second| (Duration::from_millis(first), Duration::from_millis(second));
    let alike: Vec<_> = (0..60).map(|n| pair(50 + n % 2, 51 - n % 2)).collect();
    assert!((slower(&alike) - 0.5).abs() < 0.01);
    let apart: Vec<_> = (0..60).map(|n| pair(50 + n, 20 + n)).collect();
    assert!(slower(&apart) > 0.99);
    assert!((ratio(&alike) - 1.0).abs() < 0.03);
    assert!(ratio(&apart) > 1.5);
}

#[tokio::test]
async fn login_duration_does_not_reveal_whether_an_address_exists() {
    let options = ServiceOptions::default().with("trusted_proxies", "127.0.0.1");
    let service = Service::with(options).await;
    service.user("ana").await;
    let wrong = |email: &str| json!({ "email": email, "password": "not this one at all" });
    let slower = slower(&compare(&service, "/auth/login", wrong).await);
    assert!((0.15..=0.85).contains(&slower), "{slower}");
}

#[tokio::test]
async fn reset_request_duration_does_not_reveal_whether_an_address_exists() {
    let options = ServiceOptions::default()
        .with("trusted_proxies", "127.0.0.1")
        .with("password_hashing.memory_kib", "64");
    let service = Service::with(options).await;
    service.user("ana").await;
    let pairs = compare(
        &service,
        "/auth/password/forgot",
        |email| json!({ "email": email }),
    )
    .await;
    let (slower, ratio) = (slower(&pairs), ratio(&pairs));
    assert!((0.15..=0.85).contains(&slower), "{slower}, {ratio}");
}
