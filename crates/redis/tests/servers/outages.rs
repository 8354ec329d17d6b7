//! Servers that fail are unavailable, and are used again as soon as they, or their
//! replacements, are available.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{cluster, connect, sentinel};
use accunode_domain::session::Session;
use accunode_local::SystemRandomness;
use accunode_ports::{
    PortError,
    contract::{TestClock, sessions::session_of},
    sessions::{Refreshed, SessionStore},
    system::Clock,
};
use accunode_redis::{RedisServers, RedisSessions};
use accunode_tests::{Redis, RedisCluster, RedisSentinel};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
};

async fn sessions(servers: RedisServers) -> (RedisSessions, Session) {
    let clock = Arc::new(TestClock::default());
    let session = session_of(1, 2, clock.now());
    let randomness = Arc::new(SystemRandomness);
    let sessions = RedisSessions::new(connect(servers).await, clock, randomness);
    (sessions, session)
}

/// Whether the session is found. Every failure until then must be `Unavailable`, within the
/// time limits.
async fn found_within(sessions: &RedisSessions, access: &str, limit: Duration) -> bool {
    let end = Instant::now() + limit;
    loop {
        let asked = Instant::now();
        let found = sessions.find(access).await;
        assert!(
            asked.elapsed() < Duration::from_secs(5),
            "{:?}",
            asked.elapsed()
        );
        match found {
            Ok(found) => return found.is_some(),
            Err(PortError::Unavailable { .. }) if Instant::now() < end => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test]
async fn a_promoted_replica_takes_over_from_a_master_that_is_killed() {
    let mut servers = RedisSentinel::start().unwrap();
    let (sessions, session) = sessions(sentinel(&servers)).await;
    let pair = sessions.start(&session).await.unwrap();
    // Replication is asynchronous: the replica has the session a moment later.
    tokio::time::sleep(Duration::from_millis(200)).await;

    servers.kill_master().unwrap();
    let unavailable = sessions.find(&pair.access).await.unwrap_err();
    assert!(
        matches!(unavailable, PortError::Unavailable { .. }),
        "{unavailable:?}"
    );
    assert!(found_within(&sessions, &pair.access, Duration::from_secs(30)).await);
    let refreshed = sessions.refresh(&pair.refresh).await.unwrap();
    assert!(matches!(refreshed, Refreshed::Pair(..)));
}

#[tokio::test]
async fn a_promoted_replica_takes_over_from_a_master_that_is_demoted() {
    let servers = RedisSentinel::start().unwrap();
    let (sessions, session) = sessions(sentinel(&servers)).await;
    servers.fail_over().unwrap();
    // Until the new master is known, the old one may accept writes, refuse them or be
    // unavailable; afterwards every write succeeds.
    let end = Instant::now() + Duration::from_secs(30);
    while !servers.has_failed_over() {
        assert!(Instant::now() < end, "no failover");
        match sessions.start(&session).await {
            Ok(_) | Err(PortError::Unavailable { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let end = Instant::now() + Duration::from_secs(10);
    while sessions.start(&session).await.is_err() {
        assert!(Instant::now() < end, "the demoted master is still used");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_cluster_is_used_again_after_all_its_nodes_were_down() {
    let mut servers = RedisCluster::start().unwrap();
    let (sessions, session) = sessions(cluster(&servers)).await;
    let pair = sessions.start(&session).await.unwrap();
    servers.kill().unwrap();
    let unavailable = sessions.find(&pair.access).await.unwrap_err();
    assert!(
        matches!(unavailable, PortError::Unavailable { .. }),
        "{unavailable:?}"
    );
    servers.restart().unwrap();
    assert!(found_within(&sessions, &pair.access, Duration::from_secs(30)).await);
}

#[tokio::test]
async fn hanging_redis_delays_requests_by_about_a_second() {
    let server = Redis::start().unwrap();
    let (sessions, session) = sessions(RedisServers::single(&server.url()).unwrap()).await;
    let pair = sessions.start(&session).await.unwrap();
    server.hang().unwrap();
    for _ in 0..3 {
        let asked = Instant::now();
        let requests = (0..50).map(|_| sessions.find(&pair.access));
        for result in futures::future::join_all(requests).await {
            let unavailable = result.unwrap_err();
            assert!(
                matches!(unavailable, PortError::Unavailable { .. }),
                "{unavailable:?}"
            );
        }
        assert!(
            asked.elapsed() < Duration::from_secs(4),
            "{:?}",
            asked.elapsed()
        );
    }
    server.go_on().unwrap();
    assert!(found_within(&sessions, &pair.access, Duration::from_secs(10)).await);
}

/// A response that is lost makes the connection repeat the script. A repeated exchange of a
/// refresh token must not count as the use of a stolen one.
#[tokio::test]
async fn a_refresh_whose_response_is_lost_is_repeated() {
    let server = Redis::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("proxy.sock");
    let losses = Arc::new(AtomicUsize::new(0));
    let proxy = tokio::spawn(lose_responses(
        UnixListener::bind(&socket).unwrap(),
        server.url().replace("redis+unix://", ""),
        losses.clone(),
    ));
    let url = format!("redis+unix://{}", socket.display());
    let (sessions, session) = sessions(RedisServers::single(&url).unwrap()).await;
    let pair = sessions.start(&session).await.unwrap();
    // The script must be known: its first use takes two commands.
    let first = sessions.refresh("rt_unknown").await.unwrap();
    assert!(matches!(first, Refreshed::Unknown));

    losses.store(1, Ordering::SeqCst);
    let Refreshed::Pair(_, renewed) = sessions.refresh(&pair.refresh).await.unwrap() else {
        panic!("the repeated exchange was refused");
    };
    assert_eq!(losses.load(Ordering::SeqCst), 0, "no response was lost");
    assert!(sessions.find(&renewed.access).await.unwrap().is_some());
    let again = sessions.refresh(&renewed.refresh).await.unwrap();
    assert!(matches!(again, Refreshed::Pair(..)));
    let stolen = sessions.refresh(&pair.refresh).await.unwrap();
    assert!(matches!(stolen, Refreshed::Reused(_)));
    proxy.abort();
}

/// Forwards to a server, and ends the connection instead of forwarding a response while
/// there are losses left.
async fn lose_responses(listener: UnixListener, server: String, losses: Arc<AtomicUsize>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let upstream = UnixStream::connect(&server).await.unwrap();
        let losses = losses.clone();
        tokio::spawn(async move {
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) = upstream.into_split();
            let requests = tokio::io::copy(&mut from_client, &mut to_server);
            let responses = async {
                let mut buffer = vec![0; 65_536];
                loop {
                    let read = from_server.read(&mut buffer).await.unwrap();
                    let lose = losses.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                        left.checked_sub(1)
                    });
                    if read == 0 || lose.is_ok() {
                        return;
                    }
                    to_client.write_all(&buffer[..read]).await.unwrap();
                }
            };
            tokio::select! {
                _ = requests => {}
                () = responses => {}
            }
        });
    }
}
