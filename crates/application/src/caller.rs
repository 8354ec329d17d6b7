//! Who calls, and from where.

use accunode_domain::{
    access::Actor,
    audit::{AuditEvent, RequestContext},
    id::SessionId,
};

use crate::{Error, Ports};

/// Somebody who is signed in, making one request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who he is and what he may do.
    pub actor: Actor,
    /// Where the request came from.
    pub context: RequestContext,
    /// The session it was made in; `None` for the worker.
    pub session: Option<SessionId>,
}

impl Caller {
    /// The event with him as its actor.
    #[must_use]
    pub fn sign(&self, event: AuditEvent) -> AuditEvent {
        AuditEvent {
            user: Some(self.actor.user()),
            actor_email: Some(self.actor.email().as_str().to_owned()),
            organization: event.organization.or(self.actor.organization()),
            ..event
        }
    }
}

impl Caller {
    /// Writes an event that comes with no change (reads, exports), in a short unit
    /// of work of its own, before anything is answered.
    pub(crate) async fn record(&self, ports: &Ports, event: AuditEvent) -> Result<(), Error> {
        let unit = ports.store.begin(&self.actor.scope()).await?;
        unit.audit().record(&self.context, self.sign(event)).await?;
        Ok(unit.commit().await?)
    }
}
