//! Rate limits within one process, by the generic cell rate algorithm: one number for each
//! principal and class.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use accunode_ports::{
    PortError,
    limits::{Budget, LimitClass, LimitSettings, Quota, RateLimiter},
    system::Clock,
};
use async_trait::async_trait;

const SHARDS: usize = 16;
/// The number of budgets in one shard; full ones are removed first, then the fullest.
const PER_SHARD: usize = 8_192;
const SECOND: i128 = 1_000_000_000;

/// The time, in nanoseconds, at which the budget of a name and a principal is full again.
type Full = HashMap<(Box<str>, Box<str>), i128>;

/// Rate limits with limited memory.
pub struct LocalLimits {
    clock: Arc<dyn Clock>,
    settings: LimitSettings,
    hasher: RandomState,
    shards: [Mutex<Full>; SHARDS],
}

impl LocalLimits {
    /// Creates limits with these settings.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, settings: LimitSettings) -> Self {
        Self {
            clock,
            settings,
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }

    fn shard(&self, principal: &str) -> &Mutex<Full> {
        &self.shards[self.hasher.hash_one(principal) as usize % SHARDS]
    }
}

impl std::fmt::Debug for LocalLimits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalLimits")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl RateLimiter for LocalLimits {
    async fn consume(&self, class: LimitClass, principal: &str) -> Result<Budget, PortError> {
        let quota = self.settings.of(class);
        self.consume_from(class.as_str(), quota, principal).await
    }

    async fn consume_from(
        &self,
        name: &str,
        quota: Quota,
        principal: &str,
    ) -> Result<Budget, PortError> {
        let Quota {
            requests,
            window_seconds,
        } = quota;
        let window_seconds = window_seconds.max(1);
        if requests == 0 {
            return Ok(Budget::unlimited(quota));
        }
        let now = self.clock.now().unix_timestamp_nanos();
        let window = i128::from(window_seconds) * SECOND;
        let each = (window / i128::from(requests)).max(1);

        let mut budgets = self
            .shard(principal)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if budgets.len() >= PER_SHARD {
            make_room(&mut budgets, now);
        }
        let full = budgets
            .entry((name.into(), principal.into()))
            .or_insert(now);
        // The budget was full long ago, or the clock was set back.
        if *full < now || *full > now + window {
            *full = now;
        }
        let allowed = *full + each <= now + window;
        if allowed {
            *full += each;
        }
        let left = now + window - *full;
        let remaining = u32::try_from(left / each).unwrap_or(u32::MAX);
        let wait = if remaining > 0 {
            *full - now
        } else {
            each - left
        };
        Ok(Budget {
            allowed,
            limit: requests,
            window_seconds,
            remaining,
            reset_seconds: u32::try_from((wait + SECOND - 1) / SECOND).unwrap_or(u32::MAX),
        })
    }
}

/// Removes the budgets that are full, and if that is not sufficient the fullest quarter.
fn make_room(budgets: &mut Full, now: i128) {
    budgets.retain(|_, full| *full > now);
    if budgets.len() >= PER_SHARD {
        let mut all: Vec<i128> = budgets.values().copied().collect();
        let (_, &mut bound, _) = all.select_nth_unstable(PER_SHARD / 4);
        budgets.retain(|_, full| *full > bound);
    }
}

#[cfg(test)]
mod tests {
    use accunode_ports::contract::TestClock;

    use super::*;

    #[tokio::test]
    async fn rate_limits_of_many_addresses_use_bounded_memory() {
        let limits = LocalLimits::new(Arc::new(TestClock::default()), LimitSettings::default());
        for n in 0..(SHARDS * PER_SHARD * 2) {
            limits
                .consume(LimitClass::Auth, &format!("address {n}"))
                .await
                .unwrap();
        }
        for shard in &limits.shards {
            assert!(shard.lock().unwrap().len() <= PER_SHARD);
        }
    }

    #[tokio::test]
    async fn clock_set_back_does_not_lock_out_callers() {
        let clock = Arc::new(TestClock::default());
        let limits = LocalLimits::new(clock.clone(), LimitSettings::default());
        for _ in 0..10 {
            limits.consume(LimitClass::Auth, "a").await.unwrap();
        }
        assert!(!limits.consume(LimitClass::Auth, "a").await.unwrap().allowed);
        clock.advance(-3_600);
        assert!(limits.consume(LimitClass::Auth, "a").await.unwrap().allowed);
    }

    #[tokio::test]
    async fn quota_of_zero_is_unlimited() {
        let settings = LimitSettings {
            read: Quota::per_minute(0),
            ..LimitSettings::default()
        };
        let limits = LocalLimits::new(Arc::new(TestClock::default()), settings);
        for _ in 0..1_000 {
            let budget = limits.consume(LimitClass::Read, "a").await.unwrap();
            assert!(budget.allowed);
            assert_eq!(budget.limit, 0);
        }
    }
}
