//! Redis passes the contract that every adapter passes, however its servers are organised.

use std::sync::Arc;

use crate::{cluster, connect, sentinel, single};
use accunode_local::SystemRandomness;
use accunode_ports::contract::{self, TestClock};
use accunode_redis::{
    RedisCache, RedisConnection, RedisLimits, RedisRecentWrites, RedisSessions, RedisThrottle,
};
use accunode_tests::{RedisCluster, RedisSentinel};

/// Each test of the contract with one server, and all of them with other servers, which
/// take seconds to start.
macro_rules! contract {
    ($($area:ident::$name:ident($make:ident);)+) => {
        $(
            #[tokio::test]
            async fn $name() {
                let clock = Arc::new(TestClock::default());
                let adapter = $make(connect(single()).await, clock.clone());
                contract::$area::$name(&adapter, &clock).await;
            }
        )+

        // A failure must show which test it is of.
        async fn the_whole_contract(servers: impl Fn() -> accunode_redis::RedisServers) {
            $(
                println!("{}::{}", stringify!($area), stringify!($name));
                let clock = Arc::new(TestClock::default());
                let adapter = $make(connect(servers()).await, clock.clone());
                contract::$area::$name(&adapter, &clock).await;
            )+
        }
    };
}

fn sessions(connection: RedisConnection, clock: Arc<TestClock>) -> RedisSessions {
    RedisSessions::new(connection, clock, Arc::new(SystemRandomness))
}

fn cache(connection: RedisConnection, clock: Arc<TestClock>) -> RedisCache {
    RedisCache::new(connection, clock)
}

fn limiter(connection: RedisConnection, clock: Arc<TestClock>) -> RedisLimits {
    RedisLimits::new(connection, clock, contract::limits::settings())
}

fn throttle(connection: RedisConnection, clock: Arc<TestClock>) -> RedisThrottle {
    RedisThrottle::new(connection, clock)
}

fn recent_writes(connection: RedisConnection, _: Arc<TestClock>) -> RedisRecentWrites {
    RedisRecentWrites::new(connection, contract::recent_writes::WINDOW)
}

contract! {
    sessions::access_token_expires_after_its_lifetime(sessions);
    sessions::reused_refresh_token_ends_its_family(sessions);
    sessions::last_refresh_token_is_answered_again_within_the_grace_period(sessions);
    sessions::concurrent_refreshes_exchange_the_token_once(sessions);
    sessions::session_without_a_refresh_expires(sessions);
    sessions::an_ended_session_stays_ended(sessions);
    sessions::session_change_keeps_the_other_fields(sessions);
    sessions::all_sessions_of_a_user_can_be_ended(sessions);
    cache::entry_expires_after_its_lifetime(cache);
    cache::bump_increments_the_generation_of_its_owner_only(cache);
    limits::budget_is_consumed_and_refills(limiter);
    limits::budgets_of_principals_and_classes_are_separate(limiter);
    limits::named_budgets_are_separate(limiter);
    recent_writes::change_is_remembered_for_the_window(recent_writes);
    recent_writes::incarnation_stays_the_same(recent_writes);
    throttle::repeated_failures_double_the_wait(throttle);
    throttle::success_resets_the_failures(throttle);
    throttle::failures_from_other_addresses_do_not_lock_out_the_owner(throttle);
    throttle::failures_on_many_users_from_one_address_are_limited(throttle);
    throttle::codes_are_counted_separately_from_passwords(throttle);
    throttle::clock_set_back_does_not_lock_out_callers(throttle);
    throttle::concurrent_attempts_are_counted_like_sequential_ones(throttle);
}

#[tokio::test]
async fn redis_sentinel_passes_the_contract() {
    let servers = RedisSentinel::start().unwrap();
    the_whole_contract(|| sentinel(&servers)).await;
}

#[tokio::test]
async fn redis_cluster_passes_the_contract() {
    let servers = RedisCluster::start().unwrap();
    the_whole_contract(|| cluster(&servers)).await;
}
