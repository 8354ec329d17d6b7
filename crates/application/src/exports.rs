//! Rows are taken out in bulk.

use accunode_domain::audit::{AuditAction, AuditEvent};
use serde_json::Value;

use crate::{Application, Caller, Error};

impl Application {
    /// Tells the audit log that the caller takes out every row of a list, narrowed
    /// by `filter`. Called before the first of them is answered.
    ///
    /// # Errors
    /// Where the audit log is out of reach: then nothing may be answered.
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
