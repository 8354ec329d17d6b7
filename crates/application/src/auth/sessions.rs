//! Lists and ends the caller's sessions.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    id::SessionId,
    session::Session,
};
use serde_json::json;

use super::Auth;
use crate::{Caller, Confirmed, Error};

impl Auth {
    /// Returns the caller's sessions, newest first.
    ///
    /// # Errors
    /// `key_forbidden`.
    #[tracing::instrument(name = "auth.sessions", level = "debug", skip_all)]
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<Session>, Error> {
        require_user(caller)?;
        Ok(self.ports.sessions.list(caller.actor.user()).await?)
    }

    /// Ends one of the caller's sessions. Without a recent proof a thief could sign the
    /// owner out; the current session ends by [`Self::logout`].
    ///
    /// # Errors
    /// `NotFound`.
    #[tracing::instrument(name = "auth.end_session", level = "debug", skip_all)]
    pub async fn end_session(&self, caller: &Confirmed, id: SessionId) -> Result<(), Error> {
        let mine = self.sessions(caller).await?;
        if !mine.iter().any(|session| session.id == id) {
            return Err(Error::not_found("session"));
        }
        let event = AuditEvent {
            entity_id: Some(id.0),
            ..AuditEvent::new("session.ended", "session", AuditAction::Logout)
        };
        // The audit row is written first, so that it exists also if the session cannot be
        // ended.
        caller.record(&self.ports, event).await?;
        Ok(self.ports.sessions.end(id).await?)
    }

    /// Ends all of the caller's sessions except the current one.
    ///
    /// # Errors
    /// If the session store or the audit log is unreachable.
    #[tracing::instrument(name = "auth.end_other_sessions", level = "debug", skip_all)]
    pub async fn end_other_sessions(&self, caller: &Confirmed) -> Result<(), Error> {
        let event = AuditEvent {
            entity_id: Some(caller.actor.user().0),
            metadata: json!({ "kept": caller.session }),
            ..AuditEvent::new("user.sessions_ended", "user", AuditAction::Logout)
        };
        caller.record(&self.ports, event).await?;
        self.end_sessions(caller.actor.user(), caller.session).await
    }
}

fn require_user(caller: &Caller) -> Result<(), Error> {
    let allowed = caller.actor.require_user();
    allowed.map_err(|denial| Error::denied(denial, "session"))
}
