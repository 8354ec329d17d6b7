//! Rate limits that hold over all processes.

use std::sync::Arc;

use crate::{connection::RedisConnection, error::failed, script::Script};
use accunode_ports::{
    PortError,
    limits::{Budget, LimitClass, LimitSettings, Quota, RateLimiter},
    system::Clock,
};
use async_trait::async_trait;

const SECOND: i64 = 1_000_000;

/// Rate limits in Redis. Scripts compute in microseconds, which their numbers hold exactly.
pub struct RedisLimits {
    connection: RedisConnection,
    clock: Arc<dyn Clock>,
    settings: LimitSettings,
    consume: Script,
}

impl RedisLimits {
    /// Limits by these settings, which must be the same in every process.
    #[must_use]
    pub fn new(
        connection: RedisConnection,
        clock: Arc<dyn Clock>,
        settings: LimitSettings,
    ) -> Self {
        Self {
            connection,
            clock,
            settings,
            consume: Script::new(include_str!("scripts/consume.lua")),
        }
    }
}

impl std::fmt::Debug for RedisLimits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisLimits")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl RateLimiter for RedisLimits {
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
        let Some(each) = each(quota) else {
            return Ok(Budget::unlimited(quota));
        };
        let window = i64::from(quota.window_seconds.max(1)) * SECOND;
        let now = self.clock.now().unix_timestamp_nanos() / 1_000;
        let key = self
            .connection
            .key("limit", format_args!("{name}:{principal}"));
        let call =
            self.consume
                .on([key])
                .arg(&[i64::try_from(now).unwrap_or(i64::MAX), window, each]);
        // A lost response may draw twice, which is better than refusing the request.
        let (allowed, left, until_full): (bool, i64, i64) = self
            .connection
            .script(call)
            .await
            .map_err(|cause| failed("the rate limiter", cause))?;
        let remaining = u32::try_from(left / each).unwrap_or(u32::MAX);
        let wait = if remaining > 0 {
            until_full
        } else {
            each - left
        };
        Ok(Budget {
            allowed,
            limit: quota.requests,
            window_seconds: quota.window_seconds.max(1),
            remaining,
            reset_seconds: u32::try_from((wait + SECOND - 1) / SECOND).unwrap_or(u32::MAX),
        })
    }
}

/// How much of the window one request costs, in microseconds; `None` without a limit.
fn each(quota: Quota) -> Option<i64> {
    let window = i64::from(quota.window_seconds.max(1)) * SECOND;
    (quota.requests > 0).then(|| (window / i64::from(quota.requests)).max(1))
}
