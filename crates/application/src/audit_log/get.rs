//! Reads one event of the audit log.

use accunode_domain::audit::AuditRecord;
use uuid::Uuid;

use super::AuditLog;
use crate::{Caller, Error};

impl AuditLog {
    /// Returns one event.
    ///
    /// # Errors
    /// `NotFound` if the caller may not read it.
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
