//! The adapters within the process pass the contract of all adapters.

use std::sync::Arc;

use accunode_local::{LocalCache, LocalLimits, LocalSessions, LocalThrottle};
use accunode_ports::contract::{self, TestClock};

macro_rules! contract {
    ($($area:ident::$name:ident($make:ident);)+) => {$(
        #[tokio::test]
        async fn $name() {
            let clock = Arc::new(TestClock::default());
            let adapter = $make(clock.clone());
            contract::$area::$name(&adapter, &clock).await;
        }
    )+};
}

fn sessions(clock: Arc<TestClock>) -> LocalSessions {
    LocalSessions::new(clock)
}

fn cache(clock: Arc<TestClock>) -> LocalCache {
    LocalCache::new(clock, 1 << 20)
}

fn limiter(clock: Arc<TestClock>) -> LocalLimits {
    LocalLimits::new(clock, contract::limits::settings())
}

fn throttle(clock: Arc<TestClock>) -> LocalThrottle {
    LocalThrottle::new(clock)
}

contract! {
    sessions::an_access_token_lives_as_long_as_said(sessions);
    sessions::a_refresh_token_used_twice_ends_its_family(sessions);
    sessions::the_last_refresh_token_is_answered_again_for_a_short_grace(sessions);
    sessions::a_refresh_token_is_exchanged_once_however_many_try(sessions);
    sessions::a_session_ends_without_a_refresh(sessions);
    sessions::an_ended_session_stays_ended(sessions);
    sessions::a_change_of_a_session_leaves_the_rest_as_it_is(sessions);
    sessions::all_sessions_of_a_user_can_be_ended(sessions);
    cache::entries_are_kept_as_long_as_told(cache);
    cache::a_bump_moves_the_generation_of_its_owner_only(cache);
    limits::a_budget_is_drawn_down_and_fills_again(limiter);
    limits::budgets_are_apart(limiter);
    limits::named_budgets_are_apart(limiter);
    throttle::who_fails_again_and_again_waits_longer_and_longer(throttle);
    throttle::a_success_forgives(throttle);
    throttle::strangers_cannot_lock_the_owner_out(throttle);
    throttle::one_password_is_not_tried_on_everyone(throttle);
    throttle::codes_are_counted_apart(throttle);
    throttle::a_clock_set_back_locks_no_one_out(throttle);
    throttle::no_one_gets_more_tries_by_being_quick(throttle);
}
