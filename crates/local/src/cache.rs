//! A cache within one process.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use accunode_domain::Timestamp;
use accunode_ports::{PortError, cache::Cache, system::Clock};
use async_trait::async_trait;
use moka::{Expiry, sync::Cache as Moka};
use uuid::Uuid;

/// The number of slots for generations. Owners that share a slot only lose entries that
/// were still valid.
const GENERATIONS: usize = 1 << 16;
/// The approximate cost of an entry in addition to its key and value.
const OVERHEAD: usize = 128;

/// A cache limited by bytes; the least used entries are evicted.
pub struct LocalCache {
    clock: Arc<dyn Clock>,
    entries: Moka<String, Entry>,
    generations: Box<[AtomicU64]>,
}

#[derive(Clone)]
struct Entry {
    value: Arc<[u8]>,
    until: Timestamp,
    keep: Duration,
}

impl LocalCache {
    /// Creates a cache of at most `max_bytes`, including keys.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, max_bytes: u64) -> Self {
        Self {
            clock,
            entries: Moka::builder()
                .max_capacity(max_bytes)
                .weigher(|key: &String, entry: &Entry| {
                    u32::try_from(key.len() + entry.value.len() + OVERHEAD).unwrap_or(u32::MAX)
                })
                .expire_after(PerEntryExpiry)
                .build(),
            generations: (0..GENERATIONS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    fn generation(&self, owner: Uuid) -> &AtomicU64 {
        let (high, low) = owner.as_u64_pair();
        // Fibonacci hashing: the upper bits of the product are well mixed.
        let mixed = (high ^ low.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        &self.generations[(mixed >> 48) as usize % GENERATIONS]
    }
}

impl std::fmt::Debug for LocalCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalCache")
            .field("bytes", &self.entries.weighted_size())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Cache for LocalCache {
    async fn generations(&self, owners: &[Uuid]) -> Result<Vec<u64>, PortError> {
        Ok(owners
            .iter()
            .map(|owner| self.generation(*owner).load(Ordering::SeqCst))
            .collect())
    }

    async fn invalidate(&self, owner: Uuid) -> Result<(), PortError> {
        self.generation(owner).fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        // The port's clock decides; the library's own clock only frees the memory.
        let now = self.clock.now();
        Ok(self
            .entries
            .get(key)
            .filter(|entry| now < entry.until)
            .map(|entry| entry.value.to_vec()))
    }

    async fn put(&self, key: &str, value: Vec<u8>, keep: Duration) -> Result<(), PortError> {
        let until = self
            .clock
            .now()
            .checked_add(time::Duration::try_from(keep).unwrap_or(time::Duration::MAX))
            .unwrap_or(time::PrimitiveDateTime::MAX.assume_utc());
        let entry = Entry {
            value: value.into(),
            until,
            keep,
        };
        self.entries.insert(key.to_owned(), entry);
        Ok(())
    }
}

/// Every entry expires after the time that was given with it.
struct PerEntryExpiry;

impl Expiry<String, Entry> for PerEntryExpiry {
    fn expire_after_create(&self, _: &String, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.keep)
    }

    fn expire_after_update(
        &self,
        _: &String,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.keep)
    }
}

#[cfg(test)]
mod tests {
    use accunode_ports::contract::TestClock;

    use super::*;

    #[tokio::test]
    async fn cache_never_exceeds_its_byte_limit() {
        let cache = LocalCache::new(Arc::new(TestClock::default()), 100_000);
        for n in 0..1_000 {
            cache
                .put(&format!("key {n}"), vec![0; 1_000], Duration::from_secs(60))
                .await
                .unwrap();
        }
        cache.entries.run_pending_tasks();
        assert!(cache.entries.weighted_size() <= 100_000);
        assert!(cache.entries.entry_count() > 50);
    }
}
