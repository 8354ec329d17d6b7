//! Records denials in the audit log.

use std::time::Duration;

use accunode_domain::audit::{AuditAction, AuditEvent};
use serde_json::json;
use uuid::Uuid;

use super::AuditLog;
use crate::{Caller, Error};

/// The time for which one event represents all further denials of the same request to the
/// same user, so that a loop of refused requests cannot flood the log.
pub const DENIALS_APART: Duration = Duration::from_secs(60);

/// A denied request.
#[derive(Clone, Copy, Debug)]
pub struct Denied<'a> {
    /// The kind of request: its method and the pattern of its path.
    pub request: &'a str,
    /// The id in the path, if there is one.
    pub entity: Option<Uuid>,
    /// The reason as a stable code.
    pub code: &'a str,
}

impl AuditLog {
    /// Records that the caller was refused, at most once a minute for each kind of request.
    ///
    /// # Errors
    /// If the log cannot be written. The request stays refused in any case.
    #[tracing::instrument(name = "audit_log.denied", level = "debug", skip_all)]
    pub async fn denied(&self, caller: &Caller, denied: Denied<'_>) -> Result<(), Error> {
        let event = AuditEvent {
            entity_id: denied.entity,
            metadata: json!({ "request": denied.request, "code": denied.code }),
            ..AuditEvent::new("access.denied", "request", AuditAction::Denied)
        };
        let event = &event;
        self.ports
            .transaction(&caller.actor.scope(), |unit| async move {
                unit.audit_log()
                    .record_denial(&caller.context, caller.sign(event.clone()), DENIALS_APART)
                    .await?;
                Ok(())
            })
            .await
    }
}
