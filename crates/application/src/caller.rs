//! Who calls, and from where.

use accunode_domain::{
    Timestamp,
    access::Actor,
    audit::{AuditEvent, RequestContext},
    id::{ApiKeyId, SessionId},
    session::CONFIRMATION_SECONDS,
};
use serde_json::Value;
use time::Duration;
use uuid::Uuid;

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
    /// When he last proved himself in this session; `None` where it has no person.
    pub confirmed_at: Option<Timestamp>,
    /// The API key that he is here by.
    pub key: Option<ApiKeyId>,
    /// Whether he showed a second factor in it.
    pub second_factor: bool,
}

impl Caller {
    /// Whose budget of requests he draws on: a key has one of its own, so that a program
    /// that runs wild does not lock its owner out.
    #[must_use]
    pub fn principal(&self) -> Uuid {
        self.key.map_or(self.actor.user().0, |key| key.0)
    }

    /// The tenant that they work for: the root of their organization, or themselves where
    /// they have none. Whatever is shared out fairly is shared among tenants, not among
    /// the people or keys of one.
    #[must_use]
    pub fn tenant(&self) -> Uuid {
        self.actor.membership().map_or(self.actor.user().0, |own| {
            own.parent.unwrap_or(own.organization).0
        })
    }

    /// The event with him as its actor, and with the key that he is here by.
    #[must_use]
    pub fn sign(&self, mut event: AuditEvent) -> AuditEvent {
        if let (Some(key), Value::Object(metadata)) = (self.key, &mut event.metadata) {
            metadata.insert("api_key_id".to_owned(), key.to_string().into());
        }
        AuditEvent {
            user: Some(self.actor.user()),
            actor_email: Some(self.actor.email().as_str().to_owned()),
            organization: event.organization.or(self.actor.organization()),
            ..event
        }
    }
}

impl Caller {
    /// That he proved himself a short while ago, for what a stolen token must not do. Ask
    /// the access rules first: who may not at all is not asked for his password.
    ///
    /// # Errors
    /// `step_up_required`.
    pub fn require_recent_confirmation(&self, now: Timestamp) -> Result<(), Error> {
        let limit = Duration::seconds(CONFIRMATION_SECONDS);
        if self.confirmed_at.is_some_and(|at| now - at <= limit) {
            return Ok(());
        }
        Err(Error::Unauthenticated {
            code: "step_up_required",
            detail: "confirm that it is you: send your password to /auth/step-up and try again"
                .to_owned(),
        })
    }

    /// Writes an event that comes with no change (reads, exports), in a short unit
    /// of work of its own, before anything is answered.
    pub(crate) async fn record(&self, ports: &Ports, event: AuditEvent) -> Result<(), Error> {
        let scope = self.actor.scope();
        ports.record(&scope, &self.context, self.sign(event)).await
    }
}
