//! A cache that is never stale after a write: entries belong to generations.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use crate::PortError;

/// Expensive answers, by key. A key names the generations of the owners it was
/// computed from; moving a generation makes every such key unreachable.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Cache: Send + Sync {
    /// The present generations of these owner keys, in their order.
    async fn generations(&self, owners: &[Uuid]) -> Result<Vec<u64>, PortError>;
    /// Moves the generation of an owner key: what was computed from it is gone.
    async fn bump(&self, owner: Uuid) -> Result<(), PortError>;
    /// What stands under a key.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError>;
    /// Puts something under a key for a while.
    async fn put(&self, key: &str, value: Vec<u8>, keep: Duration) -> Result<(), PortError>;
}
