//! Records exports in the audit log.

use accunode_domain::audit::{AuditAction, AuditEvent};
use serde_json::Value;

use crate::{Application, Caller, Error};

impl Application {
    /// Records in the audit log that the caller exports every row of a list, filtered by
    /// `filter`. Called before the first row is sent.
    ///
    /// # Errors
    /// If the audit log is unreachable: then nothing may be sent.
    pub async fn record_export(
        &self,
        caller: &Caller,
        entity: &'static str,
        filter: Value,
    ) -> Result<(), Error> {
        let event = AuditEvent {
            metadata: filter,
            ..AuditEvent::new("list.exported", entity, AuditAction::Export)
        };
        caller.record(self.ports(), event).await
    }
}
