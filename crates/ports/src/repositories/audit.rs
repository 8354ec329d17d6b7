//! The audit log: append-only.

use accunode_domain::{
    Timestamp,
    access::AuditScope,
    audit::{AuditAction, AuditEvent, AuditRecord, RequestContext},
    id::UserId,
    page::{Cursor, Limit, Page},
};
use async_trait::async_trait;
use uuid::Uuid;

use crate::RepositoryError;

/// The filter of a list of events, in addition to its scope.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub struct AuditFilter {
    pub user: Option<UserId>,
    /// Any of these actions; all if empty.
    pub actions: Vec<AuditAction>,
    pub event_type: Option<String>,
    pub entity_type: Option<String>,
    pub entity_id: Option<Uuid>,
    pub ip: Option<std::net::IpAddr>,
    pub request_id: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

/// Reads the audit log.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AuditLogRepository: Send + Sync {
    /// Returns a page of the events within `events`, newest first.
    async fn list(
        &self,
        events: &AuditScope,
        filter: &AuditFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<AuditRecord>, RepositoryError>;
    /// Returns an event by id.
    async fn find(
        &self,
        events: &AuditScope,
        id: Uuid,
    ) -> Result<Option<AuditRecord>, RepositoryError>;
}

/// Appends to the audit log. Entries are never changed.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AuditWriter: Send + Sync {
    /// Appends an event, with the origin of the request.
    async fn record(
        &self,
        context: &RequestContext,
        event: AuditEvent,
    ) -> Result<(), RepositoryError>;
    /// Appends a denial, unless a denial of the same user with the same `metadata.request`
    /// was appended less than `apart` ago, on any node.
    async fn record_denial(
        &self,
        context: &RequestContext,
        event: AuditEvent,
        apart: std::time::Duration,
    ) -> Result<(), RepositoryError>;
}
