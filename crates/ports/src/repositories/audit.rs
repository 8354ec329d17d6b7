//! The audit log: append-only.

use accunode_domain::audit::{AuditEvent, RequestContext};
use async_trait::async_trait;

use crate::RepositoryError;

/// The audit log.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AuditRepository: Send + Sync {
    /// Appends an event, with where the request came from.
    async fn record(
        &self,
        context: &RequestContext,
        event: AuditEvent,
    ) -> Result<(), RepositoryError>;
}
