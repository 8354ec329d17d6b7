//! Failed logins, counted over all processes.

use std::sync::Arc;

use accunode_ports::{
    PortError,
    system::Clock,
    throttle::{Admission, Attempt, Throttle},
};
use async_trait::async_trait;

use crate::{
    connection::RedisConnection,
    error::{failed, millis},
    script::{Call, Script},
};

const THROTTLE: &str = "the memory of failed logins";

/// Failed logins in Redis, under hashes of accounts and addresses.
pub struct RedisThrottle {
    connection: RedisConnection,
    clock: Arc<dyn Clock>,
    admit: Script,
    succeeded: Script,
}

impl RedisThrottle {
    /// The failed logins behind this connection.
    #[must_use]
    pub fn new(connection: RedisConnection, clock: Arc<dyn Clock>) -> Self {
        Self {
            connection,
            clock,
            admit: Script::new(include_str!("scripts/admit.lua")),
            succeeded: Script::new(include_str!("scripts/succeeded.lua")),
        }
    }

    fn call<'a>(&self, script: &'a Script, attempt: &Attempt) -> Call<'a> {
        let rules = attempt.guess.rules();
        let keys = attempt.keys();
        let keys = keys
            .iter()
            .map(|key| self.connection.group_key("guess", key));
        let call = script
            .on(keys)
            .arg(millis(self.clock.now()))
            .arg(rules.free)
            .arg(&[
                rules.first_wait,
                rules.longest_wait,
                rules.forget_after,
                rules.known_for,
                rules.slow_wait,
            ]);
        [rules.account, rules.address]
            .into_iter()
            .fold(call, |call, budget| {
                call.arg(&budget.map_or([0, 0], |budget| [budget.each, budget.window]))
            })
    }
}

impl std::fmt::Debug for RedisThrottle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisThrottle")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Throttle for RedisThrottle {
    async fn admit(&self, attempt: &Attempt) -> Result<Admission, PortError> {
        // A lost response may count an attempt twice, which is the safe side.
        let call = self.call(&self.admit, attempt);
        let wait: i64 = self
            .connection
            .script(call)
            .await
            .map_err(|cause| failed(THROTTLE, cause))?;
        Ok(match wait {
            0 => Admission::Go,
            wait => Admission::Wait(u32::try_from((wait + 999) / 1_000).unwrap_or(u32::MAX)),
        })
    }

    async fn succeeded(&self, attempt: &Attempt) -> Result<(), PortError> {
        let call = self.call(&self.succeeded, attempt);
        let done: Result<(), _> = self.connection.script(call).await;
        done.map_err(|cause| failed(THROTTLE, cause))
    }
}
