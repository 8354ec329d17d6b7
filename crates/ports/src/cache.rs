//! A cache that is never stale after a write: entries belong to generations.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use crate::PortError;

/// Results that are expensive to compute, by key. A key contains the generations of the
/// owners that it was computed from; incrementing a generation makes every such key
/// unreachable.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Cache: Send + Sync {
    /// Returns the current generations of these owner keys, in their order.
    async fn generations(&self, owners: &[Uuid]) -> Result<Vec<u64>, PortError>;
    /// Increments the generation of an owner key, which invalidates what was computed from
    /// it.
    async fn invalidate(&self, owner: Uuid) -> Result<(), PortError>;
    /// Returns the value of a key.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError>;
    /// Stores a value under a key for the given time.
    async fn put(&self, key: &str, value: Vec<u8>, keep: Duration) -> Result<(), PortError>;
}
