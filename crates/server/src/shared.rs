//! The state that several processes must share: sessions, cached figures, rate limits and
//! the record of failed logins. It is kept in this process, or in Redis if that is
//! configured.

use std::sync::Arc;

use accunode_local::{LocalCache, LocalLimits, LocalRecentWrites, LocalSessions, LocalThrottle};
use accunode_metrics::{Metrics, measured::Measured};
use accunode_ports::{
    cache::Cache,
    limits::{LimitSettings, Quota, RateLimiter},
    recent_writes::{RecentWrites, WINDOW},
    sessions::SessionStore,
    system::{Clock, Randomness},
    throttle::Throttle,
};
use accunode_redis::{
    RedisCache, RedisConnection, RedisLimits, RedisRecentWrites, RedisSessions, RedisSettings,
    RedisThrottle,
};
use anyhow::Context;

use crate::config::Config;

/// Figures are small; this many bytes suffice for thousands of users.
const CACHE_BYTES: u64 = 8 * 1024 * 1024;

/// The ports of the shared state.
#[expect(missing_docs, reason = "the names are those of the ports")]
pub struct Shared {
    pub sessions: Arc<dyn SessionStore>,
    pub cache: Arc<dyn Cache>,
    pub limiter: Arc<dyn RateLimiter>,
    pub throttle: Arc<dyn Throttle>,
    pub recent_writes: Arc<dyn RecentWrites>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    /// Opens them as configured. Call it within the runtime that lives as long as the
    /// process.
    ///
    /// # Errors
    /// If Redis is configured and does not answer.
    pub async fn open(
        config: &Config,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> anyhow::Result<Self> {
        let quotas = quotas(config);
        let Some(servers) = &config.redis_servers else {
            return Ok(Self {
                sessions: Arc::new(LocalSessions::new(clock.clone())),
                cache: Arc::new(LocalCache::new(clock.clone(), CACHE_BYTES)),
                limiter: Arc::new(LocalLimits::new(clock.clone(), quotas)),
                throttle: Arc::new(LocalThrottle::new(clock)),
                recent_writes: Arc::new(LocalRecentWrites::new(WINDOW)),
            });
        };
        let settings = RedisSettings {
            prefix: config.redis_prefix.clone(),
            ..RedisSettings::new(servers.clone())
        };
        let redis = RedisConnection::connect(&settings)
            .await
            .context("redis_url: Redis is unavailable")?;
        Ok(Self {
            sessions: Arc::new(RedisSessions::new(redis.clone(), clock.clone(), randomness)),
            cache: Arc::new(RedisCache::new(redis.clone(), clock.clone())),
            limiter: Arc::new(RedisLimits::new(redis.clone(), clock.clone(), quotas)),
            recent_writes: Arc::new(RedisRecentWrites::new(redis.clone(), WINDOW)),
            throttle: Arc::new(RedisThrottle::new(redis, clock)),
        })
    }
}

impl Shared {
    /// Returns the same ports, with their calls counted.
    #[must_use]
    pub fn measured(self, metrics: &Arc<Metrics>) -> Self {
        Self {
            sessions: Arc::new(Measured::<dyn SessionStore>::new(metrics, self.sessions)),
            cache: Arc::new(Measured::<dyn Cache>::new(metrics, self.cache)),
            limiter: Arc::new(Measured::<dyn RateLimiter>::new(metrics, self.limiter)),
            throttle: Arc::new(Measured::<dyn Throttle>::new(metrics, self.throttle)),
            recent_writes: self.recent_writes,
        }
    }
}

fn quotas(config: &Config) -> LimitSettings {
    let limits = &config.limits;
    LimitSettings {
        auth: Quota::per_minute(limits.auth),
        read: Quota::per_minute(limits.read),
        write: Quota::per_minute(limits.write),
        score: Quota::per_minute(limits.score),
        upload: Quota::per_minute(limits.upload),
        admin: Quota::per_minute(limits.admin),
    }
}
