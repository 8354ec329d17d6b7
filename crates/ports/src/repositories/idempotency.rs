//! Outcomes of requests that may be repeated.

use accunode_domain::{
    id::UserId,
    idempotency::{IdempotentRequest, StoredOutcome},
};
use async_trait::async_trait;

use crate::RepositoryError;

/// Stored outcomes, by principal and key, kept for
/// [`accunode_domain::idempotency::KEPT_HOURS`].
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait IdempotencyRepository: Send + Sync {
    /// Claims the key for this unit of work. `None`: the key is claimed, the change may be
    /// made and [`Self::store`] must follow. `Some`: the outcome of the first request.
    ///
    /// # Errors
    /// `Conflict` with `RequestInFlight` while another unit of work holds the key.
    async fn claim(
        &self,
        principal: UserId,
        request: &IdempotentRequest,
    ) -> Result<Option<StoredOutcome>, RepositoryError>;
    /// Stores the outcome with the change.
    async fn store(
        &self,
        principal: UserId,
        key: &str,
        outcome: &StoredOutcome,
    ) -> Result<(), RepositoryError>;
}
