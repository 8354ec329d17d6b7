//! Redis as one server, as a master under Sentinel, and as a cluster.

#![expect(clippy::unwrap_used, reason = "a test cannot go on without Redis")]
#![expect(
    clippy::disallowed_methods,
    reason = "the tasks of a test end with its runtime"
)]

mod contract;
mod outages;
mod round_trips;

use accunode_redis::{RedisConnection, RedisServers, RedisSettings};
use accunode_tests::{Redis, RedisCluster, RedisSentinel};

fn single() -> RedisServers {
    RedisServers::single(Redis::shared_url()).unwrap()
}

fn sentinel(servers: &RedisSentinel) -> RedisServers {
    RedisServers::sentinel(&servers.url(), &servers.sentinel_urls()).unwrap()
}

fn cluster(servers: &RedisCluster) -> RedisServers {
    RedisServers::cluster(&servers.urls()).unwrap()
}

/// A connection with keys that no other test uses.
async fn connect(servers: RedisServers) -> RedisConnection {
    let settings = RedisSettings {
        prefix: Redis::prefix(),
        ..RedisSettings::new(servers)
    };
    RedisConnection::connect(&settings).await.unwrap()
}
