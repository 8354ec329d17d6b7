//! Where somebody is signed in, and being signed out there.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    id::SessionId,
    session::Session,
};
use serde_json::json;

use super::Accounts;
use crate::{Caller, Error};

impl Accounts {
    /// The caller's sessions, newest first.
    ///
    /// # Errors
    /// `key_forbidden`.
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<Session>, Error> {
        require_person(caller)?;
        Ok(self.ports.sessions.list(caller.actor.user()).await?)
    }

    /// Ends one of the caller's sessions; his present one signs him out. Another needs a
    /// recent proof, or a thief could sign the owner out.
    ///
    /// # Errors
    /// `key_forbidden`, `NotFound`, `step_up_required`.
    pub async fn end_session(&self, caller: &Caller, id: SessionId) -> Result<(), Error> {
        let mine = self.sessions(caller).await?;
        if !mine.iter().any(|session| session.id == id) {
            return Err(Error::not_found("session"));
        }
        if caller.session != Some(id) {
            caller.require_recent_confirmation(self.ports.clock.now())?;
        }
        let event = AuditEvent {
            entity_id: Some(id.0),
            ..AuditEvent::new("session.ended", "session", AuditAction::Logout)
        };
        // The row first: it is there also where the session cannot be ended.
        caller.record(&self.ports, event).await?;
        Ok(self.ports.sessions.end(id).await?)
    }

    /// Ends all of the caller's sessions but the present one.
    ///
    /// # Errors
    /// `key_forbidden`, `step_up_required`.
    pub async fn end_other_sessions(&self, caller: &Caller) -> Result<(), Error> {
        require_person(caller)?;
        caller.require_recent_confirmation(self.ports.clock.now())?;
        let event = AuditEvent {
            entity_id: Some(caller.actor.user().0),
            metadata: json!({ "kept": caller.session }),
            ..AuditEvent::new("user.sessions_ended", "user", AuditAction::Logout)
        };
        caller.record(&self.ports, event).await?;
        self.end_sessions(caller.actor.user(), caller.session).await
    }
}

fn require_person(caller: &Caller) -> Result<(), Error> {
    let person = caller.actor.require_person();
    person.map_err(|denial| Error::denied(denial, "session"))
}
