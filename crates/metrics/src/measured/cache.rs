use std::time::Duration;

use accunode_ports::{PortError, cache::Cache};
use async_trait::async_trait;
use uuid::Uuid;

use super::Measured;
use crate::metrics::count;

#[async_trait]
impl Cache for Measured<dyn Cache> {
    async fn generations(&self, owners: &[Uuid]) -> Result<Vec<u64>, PortError> {
        self.inner.generations(owners).await
    }

    async fn invalidate(&self, owner: Uuid) -> Result<(), PortError> {
        self.inner.invalidate(owner).await
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        let found = self.inner.get(key).await;
        let outcome = match &found {
            Ok(Some(_)) => "hit",
            Ok(None) => "miss",
            Err(_) => "failed",
        };
        count(&self.metrics.cache_lookups, outcome);
        found
    }

    async fn put(&self, key: &str, value: Vec<u8>, keep: Duration) -> Result<(), PortError> {
        self.inner.put(key, value, keep).await
    }
}
