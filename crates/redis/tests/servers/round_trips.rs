//! Every operation is one command: no check of the connection precedes it, and all
//! requests share one connection.

use std::{net::IpAddr, sync::Arc, time::Duration};

use crate::connect;
use accunode_domain::id::UserId;
use accunode_local::SystemRandomness;
use accunode_ports::{
    cache::Cache,
    contract::{TestClock, limits::settings, sessions::session_of},
    limits::{LimitClass, RateLimiter},
    recent_writes::{RecentWrites, WINDOW},
    sessions::{Refreshed, SessionChange, SessionStore},
    system::Clock,
    throttle::{Attempt, Throttle},
};
use accunode_redis::{
    RedisCache, RedisConnection, RedisLimits, RedisRecentWrites, RedisServers, RedisSessions,
    RedisThrottle,
};
use accunode_tests::Redis;
use futures::StreamExt;
use uuid::Uuid;

/// The ports behind one connection.
struct Ports {
    sessions: RedisSessions,
    cache: RedisCache,
    limiter: RedisLimits,
    throttle: RedisThrottle,
    recent_writes: RedisRecentWrites,
    clock: Arc<TestClock>,
}

impl Ports {
    fn new(connection: &RedisConnection) -> Self {
        let clock = Arc::new(TestClock::default());
        let randomness = Arc::new(SystemRandomness);
        Self {
            sessions: RedisSessions::new(connection.clone(), clock.clone(), randomness),
            cache: RedisCache::new(connection.clone(), clock.clone()),
            limiter: RedisLimits::new(connection.clone(), clock.clone(), settings()),
            throttle: RedisThrottle::new(connection.clone(), clock.clone()),
            recent_writes: RedisRecentWrites::new(connection.clone(), WINDOW),
            clock,
        }
    }

    /// Calls every operation once. Returns how many there are.
    async fn call_all(&self) -> usize {
        let session = session_of(1, 2, self.clock.now());
        let (user, owner) = (UserId::from(Uuid::from_u128(1)), Uuid::from_u128(3));
        let pair = self.sessions.start(&session).await.unwrap();
        assert!(self.sessions.find(&pair.access).await.unwrap().is_some());
        let change = SessionChange {
            second_factor: Some(true),
            ..SessionChange::default()
        };
        self.sessions
            .update(session.id, user, &change)
            .await
            .unwrap();
        let refreshed = self.sessions.refresh(&pair.refresh).await.unwrap();
        assert!(matches!(refreshed, Refreshed::Pair(..)));
        assert_eq!(self.sessions.list(user).await.unwrap().len(), 1);
        self.sessions.end(session.id).await.unwrap();
        self.sessions.end_all(user, None).await.unwrap();

        let minute = Duration::from_secs(60);
        self.cache.put("key", vec![1], minute).await.unwrap();
        assert!(self.cache.get("key").await.unwrap().is_some());
        self.cache.generations(&[owner]).await.unwrap();
        self.cache.invalidate(owner).await.unwrap();

        self.limiter
            .consume(LimitClass::Read, "user")
            .await
            .unwrap();
        let address = IpAddr::from([192, 0, 2, 1]);
        let attempt = Attempt::password("ana@example.com", Some(address));
        self.throttle.admit(&attempt).await.unwrap();
        self.throttle.succeeded(&attempt).await.unwrap();
        self.recent_writes.note(user).await.unwrap();
        assert!(self.recent_writes.wrote_recently(user).await.unwrap());
        self.recent_writes.incarnation().await.unwrap();
        17
    }
}

#[tokio::test]
async fn every_operation_is_one_command_over_one_connection() {
    let server = Redis::start().unwrap();
    let ports = Ports::new(&connect(RedisServers::single(&server.url()).unwrap()).await);
    // A script is sent once; from then on by its hash.
    ports.call_all().await;

    let client = redis::Client::open(server.url()).unwrap();
    let mut other = client.get_multiplexed_async_connection().await.unwrap();
    let mut monitor = client.get_async_monitor().await.unwrap();
    let operations = ports.call_all().await;
    let _: String = redis::cmd("ECHO")
        .arg("that is all")
        .query_async(&mut other)
        .await
        .unwrap();
    // Commands within a script are marked with "lua" instead of an address.
    let commands: Vec<String> = monitor
        .on_message::<String>()
        .take_while(|line| std::future::ready(!line.contains("that is all")))
        .filter(|line| std::future::ready(!line.contains(" lua]")))
        .collect()
        .await;
    assert_eq!(commands.len(), operations, "{commands:#?}");

    let user = UserId::from(Uuid::from_u128(1));
    let requests = (0..200).map(|_| ports.sessions.list(user));
    for result in futures::future::join_all(requests).await {
        result.unwrap();
    }
    let clients: String = redis::cmd("CLIENT")
        .arg("LIST")
        .arg("TYPE")
        .arg("normal")
        .query_async(&mut other)
        .await
        .unwrap();
    let connections: Vec<&str> = clients
        .lines()
        .filter(|line| !line.contains("cmd=monitor") && !line.contains("cmd=client"))
        .collect();
    assert_eq!(connections.len(), 1, "{connections:#?}");
}
