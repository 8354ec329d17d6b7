//! Sessions, limits and cache in Redis: what several processes share, and the responses
//! while it is unavailable.

use std::time::{Duration, Instant};

use accunode_tests::{
    Answer, PASSWORD, Redis, RedisCluster, RedisSentinel, Service, ServiceOptions, TestUser,
};
use serde_json::json;

use crate::support::{eventually, prediction, text};

async fn login(anonymous: &TestUser, email: &str) -> Answer {
    let body = json!({ "email": email, "password": PASSWORD });
    anonymous.post("/auth/login", &body).await
}

#[tokio::test]
async fn two_processes_share_sessions_immediately() {
    let options = ServiceOptions::default().with_redis();
    let one = Service::with(options.clone()).await;
    let two = one.beside(options).await;
    let ana = one.user("ana").await;
    let there = ana.at(&two.anonymous());
    assert_eq!(there.get("/me").await.expect(200)["email"], ana.email);

    let pair = login(&one.anonymous(), "ana@example.com").await.expect(200);
    let refresh = json!({ "refresh_token": pair["refresh_token"] });
    let renewed = two
        .anonymous()
        .post("/auth/refresh", &refresh)
        .await
        .expect(200);
    let repeated = one.anonymous().post("/auth/refresh", &refresh).await;
    assert_eq!(
        repeated.expect(200)["refresh_token"],
        renewed["refresh_token"]
    );
    let next = json!({ "refresh_token": renewed["refresh_token"] });
    let renewed = one
        .anonymous()
        .post("/auth/refresh", &next)
        .await
        .expect(200);
    let stolen = one.anonymous().post("/auth/refresh", &refresh).await;
    assert_eq!(stolen.problem(401), "token_reused");
    let heir = two.anonymous().with_token(text(&renewed, "access_token"));
    assert_eq!(heir.get("/me").await.problem(401), "invalid_token");

    let _ = there.post_nothing("/auth/logout").await.expect(204);
    assert_eq!(ana.get("/me").await.problem(401), "invalid_token");
}

#[tokio::test]
async fn two_processes_share_rate_limits_and_cached_figures() {
    let options = ServiceOptions::default()
        .with_redis()
        .with("limits.score", "2");
    let one = Service::with(options.clone()).await;
    let two = one.beside(options).await;
    let ana = one.user("ana").await;
    let there = ana.at(&two.anonymous());

    // The other process's figures become stale as soon as this one has written.
    let total = async |user: &TestUser| {
        let dashboard = user.get("/dashboard?scope=personal").await.expect(200);
        dashboard["annual"]["total_predictions"].clone()
    };
    assert_eq!(
        (total(&ana).await, total(&there).await),
        (json!(0), json!(0))
    );
    let _ = ana
        .post("/predictions/annual", &prediction("ACME", "2024"))
        .await
        .expect(201);
    assert_eq!(total(&there).await, json!(1));

    let score = json!({ "items": [{ "ratios": crate::support::ratios() }] });
    let path = "/predictions/annual/score";
    let _ = ana.post(path, &score).await.expect(200);
    let _ = there.post(path, &score).await.expect(200);
    assert_eq!(ana.post(path, &score).await.problem(429), "rate_limited");
    assert_eq!(there.post(path, &score).await.problem(429), "rate_limited");
}

#[tokio::test]
async fn redis_outage_answers_503_and_sessions_continue_after_it() {
    let mut redis = Redis::start().expect("a Redis");
    let options = ServiceOptions::default().with("limits.auth", "100");
    let service = Service::with(options.with("redis_url", &redis.url())).await;
    let ana = service.user("ana").await;
    let anonymous = service.anonymous();
    let _ = anonymous.get("//health/ready").await.expect(200);

    redis.kill().expect("killed");
    let refused = [
        ana.get("/me").await,
        ana.get("/companies").await,
        anonymous.with_token("at_whatever").get("/companies").await,
        login(&anonymous, "ana@example.com").await,
        anonymous
            .post("/auth/refresh", &json!({ "refresh_token": "rt_whatever" }))
            .await,
        anonymous
            .post(
                "/auth/register",
                &json!({ "email": "eve@example.com", "password": PASSWORD }),
            )
            .await,
    ];
    for answer in refused {
        assert_eq!(answer.problem(503), "unavailable");
        assert!(!answer.header("retry-after").is_empty());
        assert!(!answer.text.contains("redis"), "{}", answer.text);
    }
    // A result of readiness is reused for a moment.
    eventually("it is not ready", async || {
        anonymous.get("//health/ready").await.status.as_u16() == 503
    })
    .await;
    let ready = anonymous.get("//health/ready").await;
    assert_eq!(ready.problem(503), "not_ready");
    assert_eq!(ready.faults(), ["/sessions sessions"]);
    let _ = anonymous.get("//health/live").await.expect(200);

    // Only Redis is restarted.
    redis.run().expect("started again");
    eventually("the service is ready", async || {
        anonymous.get("//health/ready").await.status.as_u16() == 200
    })
    .await;
    assert_eq!(ana.get("/me").await.expect(200)["email"], ana.email);
    let _ = login(&anonymous, "ana@example.com").await.expect(200);
}

#[tokio::test]
async fn cached_figures_not_invalidated_in_an_outage_are_not_shown_after() {
    let mut redis = Redis::start().expect("a Redis");
    let service = Service::with(ServiceOptions::default().with("redis_url", &redis.url())).await;
    let ana = service.user("ana").await;
    let cache = service.wired().application.ports().cache.clone();
    let before = cache.generations(&[ana.id]).await.expect("a generation");

    // The effects of a change after its commit.
    redis.kill().expect("killed");
    assert!(cache.invalidate(ana.id).await.is_err());
    redis.run().expect("started again");
    eventually("the change has been told", async || {
        cache.generations(&[ana.id]).await.is_ok()
    })
    .await;
    let after = cache.generations(&[ana.id]).await.expect("a generation");
    assert!(after > before, "{before:?} {after:?}");
}

#[tokio::test]
async fn hanging_redis_delays_requests_only_briefly() {
    let redis = Redis::start().expect("a Redis");
    let service = Service::with(ServiceOptions::default().with("redis_url", &redis.url())).await;
    let ana = service.user("ana").await;
    redis.hang().expect("hangs");
    let asked = Instant::now();
    let answers = futures::future::join_all((0..20).map(|_| ana.get("/companies"))).await;
    for answer in answers {
        assert_eq!(answer.problem(503), "unavailable");
    }
    let waited = asked.elapsed();
    assert!(waited < Duration::from_secs(10), "{waited:?}");
    redis.go_on().expect("goes on");
    eventually("she is known again", async || {
        ana.get("/companies").await.status.as_u16() == 200
    })
    .await;
}

#[tokio::test]
async fn service_follows_a_sentinel_failover() {
    let mut redis = RedisSentinel::start().expect("Redis under Sentinel");
    let options = ServiceOptions::default()
        .with("redis_url", &redis.url())
        .with("redis_sentinels", &redis.sentinel_urls());
    let service = Service::with(options).await;
    let ana = service.user("ana").await;
    // Replication is asynchronous: the replica has the session a moment later.
    tokio::time::sleep(Duration::from_millis(500)).await;

    redis.kill_master().expect("killed");
    let refused = ana.get("/me").await;
    assert_eq!(refused.problem(503), "unavailable");
    assert!(!refused.header("retry-after").is_empty());
    eventually("the replica is used", async || {
        let answer = ana.get("/me").await;
        let status = answer.status.as_u16();
        assert!([200, 503].contains(&status), "{status}: {}", answer.text);
        status == 200
    })
    .await;
    assert_eq!(ana.get("/me").await.expect(200)["email"], ana.email);
    let _ = login(&service.anonymous(), "ana@example.com")
        .await
        .expect(200);
}

#[tokio::test]
async fn two_processes_share_sessions_in_a_cluster() {
    let redis = RedisCluster::start().expect("a cluster of Redis");
    let options = ServiceOptions::default()
        .with("redis_url", &redis.urls())
        .with("redis_cluster", "true");
    let one = Service::with(options.clone()).await;
    let two = one.beside(options).await;
    let ana = one.user("ana").await;
    let there = ana.at(&two.anonymous());
    assert_eq!(there.get("/me").await.expect(200)["email"], ana.email);
    let _ = there.get("/dashboard?scope=personal").await.expect(200);
    let _ = there.post_nothing("/auth/logout").await.expect(204);
    assert_eq!(ana.get("/me").await.problem(401), "invalid_token");
}
