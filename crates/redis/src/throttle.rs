//! Failures to prove who one is, counted over all processes.

use std::sync::Arc;

use accunode_ports::{
    PortError,
    system::Clock,
    throttle::{Admission, Attempt, Throttle},
};
use async_trait::async_trait;
use redis::{Script, ScriptInvocation};

use crate::connection::{RedisConnection, failed, millis};

const WHAT: &str = "the memory of failed logins";

/// The memory of failures in Redis, under hashes of accounts and addresses.
pub struct RedisThrottle {
    connection: RedisConnection,
    clock: Arc<dyn Clock>,
    admit: Script,
    succeeded: Script,
}

impl RedisThrottle {
    /// The memory behind this connection.
    #[must_use]
    pub fn new(connection: RedisConnection, clock: Arc<dyn Clock>) -> Self {
        Self {
            connection,
            clock,
            admit: Script::new(include_str!("scripts/admit.lua")),
            succeeded: Script::new(include_str!("scripts/succeeded.lua")),
        }
    }

    fn prepared<'a>(&self, script: &'a Script, attempt: &Attempt) -> ScriptInvocation<'a> {
        let rules = attempt.guess.rules();
        let mut prepared = script.prepare_invoke();
        for key in attempt.keys() {
            prepared.key(self.connection.key("guess", key));
        }
        prepared
            .arg(millis(self.clock.now()))
            .arg(rules.free)
            .arg(&[
                rules.first_wait,
                rules.longest_wait,
                rules.forget_after,
                rules.known_for,
                rules.slow_wait,
            ]);
        for budget in [rules.account, rules.address] {
            prepared.arg(&budget.map_or([0, 0], |budget| [budget.each, budget.window]));
        }
        prepared
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
        // Counted twice where an answer is lost: the safe side.
        let script = self.prepared(&self.admit, attempt);
        let wait: i64 = self
            .connection
            .again(&script)
            .await
            .map_err(|cause| failed(WHAT, cause))?;
        Ok(match wait {
            0 => Admission::Go,
            wait => Admission::Wait(u32::try_from((wait + 999) / 1_000).unwrap_or(u32::MAX)),
        })
    }

    async fn succeeded(&self, attempt: &Attempt) -> Result<(), PortError> {
        let script = self.prepared(&self.succeeded, attempt);
        let done: Result<(), _> = self.connection.again(&script).await;
        done.map_err(|cause| failed(WHAT, cause))
    }
}
