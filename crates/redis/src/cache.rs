//! The cache that every process shares.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use accunode_ports::{PortError, cache::Cache, system::Clock};
use async_trait::async_trait;
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::{
    connection::RedisConnection,
    error::{failed, millis},
    script::Script,
};

const CACHE: &str = "the cache";
/// Generations outlive every entry that names them.
const GENERATION_TTL: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The longest that an entry is kept.
const ENTRY_TTL: Duration = Duration::from_secs(24 * 60 * 60);
/// How often a bump that failed is retried.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// A cache in Redis. A bump that fails is kept and retried until it succeeds; meanwhile
/// this process uses no cache.
pub struct RedisCache(Arc<Inner>);

struct Inner {
    connection: RedisConnection,
    clock: Arc<dyn Clock>,
    generations: Script,
    invalidate: Script,
    pending: Mutex<PendingBumps>,
    runtime: Handle,
}

#[derive(Default)]
struct PendingBumps {
    owners: HashSet<Uuid>,
    /// Whether a task retries them.
    retrying: bool,
}

impl RedisCache {
    /// The cache behind this connection. Call it within the runtime that lives as long as
    /// the process.
    #[must_use]
    pub fn new(connection: RedisConnection, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            connection,
            clock,
            generations: Script::new(include_str!("scripts/generations.lua")),
            invalidate: Script::new(include_str!("scripts/invalidate.lua")),
            pending: Mutex::default(),
            runtime: Handle::current(),
        }))
    }
}

impl std::fmt::Debug for RedisCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisCache")
            .field("connection", &self.0.connection)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn pending(&self) -> MutexGuard<'_, PendingBumps> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn generation_key(&self, owner: &Uuid) -> String {
        self.connection.group_key("generation", owner)
    }

    async fn invalidate(&self, owner: Uuid) -> Result<(), PortError> {
        let call = self
            .invalidate
            .on([self.generation_key(&owner)])
            .arg(GENERATION_TTL.as_millis() as u64);
        let done: Result<(), _> = self.connection.script(call).await;
        done.map_err(|cause| failed(CACHE, cause))
    }

    /// Retries the pending bumps until none is left, or the cache is dropped.
    async fn retry(inner: Weak<Self>) {
        loop {
            tokio::time::sleep(RETRY_INTERVAL).await;
            let Some(inner) = inner.upgrade() else { return };
            let owners: Vec<Uuid> = inner.pending().owners.iter().copied().collect();
            for owner in owners {
                if inner.invalidate(owner).await.is_err() {
                    break;
                }
                inner.pending().owners.remove(&owner);
            }
            let mut pending = inner.pending();
            if pending.owners.is_empty() {
                pending.retrying = false;
                return;
            }
        }
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn generations(&self, owners: &[Uuid]) -> Result<Vec<u64>, PortError> {
        if owners.is_empty() {
            return Ok(Vec::new());
        }
        if !self.0.pending().owners.is_empty() {
            return Err(PortError::Unavailable {
                what: CACHE,
                cause: "changes have not reached it yet".into(),
            });
        }
        let call = self
            .0
            .generations
            .on(owners.iter().map(|owner| self.0.generation_key(owner)))
            .arg(GENERATION_TTL.as_millis() as u64);
        let generations = self.0.connection.script(call).await;
        generations.map_err(|cause| failed(CACHE, cause))
    }

    async fn invalidate(&self, owner: Uuid) -> Result<(), PortError> {
        let done = self.0.invalidate(owner).await;
        if done.is_err() {
            let mut pending = self.0.pending();
            pending.owners.insert(owner);
            if !std::mem::replace(&mut pending.retrying, true) {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "it retries until Redis is available, and ends with the cache"
                )]
                self.0.runtime.spawn(Inner::retry(Arc::downgrade(&self.0)));
            }
        }
        done
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        let mut command = redis::cmd("GET");
        command.arg(self.0.connection.key("cache", key));
        let found: Option<Vec<u8>> = self
            .0
            .connection
            .command(&command)
            .await
            .map_err(|cause| failed(CACHE, cause))?;
        // The time until which the value is valid precedes it: the clock port decides.
        let now = millis(self.0.clock.now());
        Ok(found.and_then(|entry| {
            let (until, value) = entry.split_first_chunk()?;
            (now < i64::from_be_bytes(*until)).then(|| value.to_vec())
        }))
    }

    async fn put(&self, key: &str, value: Vec<u8>, keep: Duration) -> Result<(), PortError> {
        let keep = keep.min(ENTRY_TTL).as_millis().max(1);
        let keep = i64::try_from(keep).unwrap_or(i64::MAX);
        let until = millis(self.0.clock.now()).saturating_add(keep);
        let mut command = redis::cmd("SET");
        command
            .arg(self.0.connection.key("cache", key))
            .arg([until.to_be_bytes().as_slice(), &value].concat())
            .arg("PX")
            .arg(keep);
        let done: Result<(), _> = self.0.connection.command(&command).await;
        done.map_err(|cause| failed(CACHE, cause))
    }
}
