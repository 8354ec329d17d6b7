//! The cache that every process shares.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use accunode_ports::{PortError, cache::Cache, system::Clock};
use async_trait::async_trait;
use redis::Script;
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::connection::{RedisConnection, failed, millis};

const WHAT: &str = "the cache";
/// Generations outlive every entry that names them.
const KEEP_GENERATIONS: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// An entry lives at most so long.
const KEEP_ENTRIES: Duration = Duration::from_secs(24 * 60 * 60);
/// How often a bump that did not reach Redis is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// A cache in Redis. A bump that cannot reach it is kept and tried again until it
/// does; meanwhile this process answers from no cache.
pub struct RedisCache(Arc<Inner>);

struct Inner {
    connection: RedisConnection,
    clock: Arc<dyn Clock>,
    generations: Script,
    bump: Script,
    owed: Mutex<Owed>,
    runtime: Handle,
}

#[derive(Default)]
struct Owed {
    owners: HashSet<Uuid>,
    /// Whether somebody tries them again.
    at_work: bool,
}

impl RedisCache {
    /// The cache behind this connection. Call it within the runtime that lives as
    /// long as the process.
    #[must_use]
    pub fn new(connection: RedisConnection, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            connection,
            clock,
            generations: Script::new(include_str!("scripts/generations.lua")),
            bump: Script::new(include_str!("scripts/bump.lua")),
            owed: Mutex::default(),
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
    fn owed(&self) -> std::sync::MutexGuard<'_, Owed> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn bump(&self, owner: Uuid) -> Result<(), PortError> {
        let mut script = self.bump.prepare_invoke();
        script
            .key(self.connection.key("generation", owner))
            .arg(KEEP_GENERATIONS.as_millis() as u64);
        let done: Result<(), _> = self.connection.again(&script).await;
        done.map_err(|cause| failed(WHAT, cause))
    }

    /// Tries what is owed until nothing is, or the cache is gone.
    async fn settle(inner: Weak<Self>) {
        loop {
            tokio::time::sleep(TRY_AGAIN).await;
            let Some(inner) = inner.upgrade() else { return };
            let owners: Vec<Uuid> = inner.owed().owners.iter().copied().collect();
            for owner in owners {
                if inner.bump(owner).await.is_err() {
                    break;
                }
                inner.owed().owners.remove(&owner);
            }
            let mut owed = inner.owed();
            if owed.owners.is_empty() {
                owed.at_work = false;
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
        if !self.0.owed().owners.is_empty() {
            return Err(PortError::Unavailable {
                what: WHAT,
                cause: "changes have not reached it yet".into(),
            });
        }
        let mut script = self.0.generations.prepare_invoke();
        for owner in owners {
            script.key(self.0.connection.key("generation", owner));
        }
        script.arg(KEEP_GENERATIONS.as_millis() as u64);
        let found = self.0.connection.again(&script).await;
        found.map_err(|cause| failed(WHAT, cause))
    }

    async fn bump(&self, owner: Uuid) -> Result<(), PortError> {
        let done = self.0.bump(owner).await;
        if done.is_err() {
            let mut owed = self.0.owed();
            owed.owners.insert(owner);
            if !std::mem::replace(&mut owed.at_work, true) {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "it tries until Redis is back, and ends with the cache"
                )]
                self.0.runtime.spawn(Inner::settle(Arc::downgrade(&self.0)));
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
            .map_err(|cause| failed(WHAT, cause))?;
        // Until when it is good stands before the value: the clock port decides.
        let now = millis(self.0.clock.now());
        Ok(found.and_then(|entry| {
            let (until, value) = entry.split_first_chunk()?;
            (now < i64::from_be_bytes(*until)).then(|| value.to_vec())
        }))
    }

    async fn put(&self, key: &str, value: Vec<u8>, keep: Duration) -> Result<(), PortError> {
        let keep = keep.min(KEEP_ENTRIES).as_millis().max(1);
        let keep = i64::try_from(keep).unwrap_or(i64::MAX);
        let until = millis(self.0.clock.now()).saturating_add(keep);
        let mut command = redis::cmd("SET");
        command
            .arg(self.0.connection.key("cache", key))
            .arg([until.to_be_bytes().as_slice(), &value].concat())
            .arg("PX")
            .arg(keep);
        let done: Result<(), _> = self.0.connection.command(&command).await;
        done.map_err(|cause| failed(WHAT, cause))
    }
}
