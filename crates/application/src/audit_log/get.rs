//! One event is looked at.

use accunode_domain::audit::AuditRecord;
use uuid::Uuid;

use super::AuditLog;
use crate::{Caller, Error};

impl AuditLog {
    /// One event.
    ///
    /// # Errors
    /// `NotFound` for what the caller may not read.
    #[tracing::instrument(name = "audit_log.get", level = "debug", skip_all)]
    pub async fn get(&self, caller: &Caller, id: Uuid) -> Result<AuditRecord, Error> {
        let events = caller
            .actor
            .audit_log(None)
            .map_err(|denial| Error::denied(denial, "event"))?;
        let found = self.ports.store.audit_log().find(&events, id).await?;
        found.ok_or_else(|| Error::not_found("event"))
    }
}
