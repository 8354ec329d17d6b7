//! Lists and ends a user's sessions, for their administrator.

use accunode_domain::{
    access::Actor,
    audit::{AuditAction, AuditEvent},
    id::UserId,
    session::Session,
};
use serde_json::json;

use super::{Users, refused};
use crate::{Caller, Confirmed, Error};

impl Users {
    /// Returns the sessions of a user below the caller's rank, newest first. This is written to
    /// the audit log before they are shown, because they contain the addresses of the user.
    ///
    /// # Errors
    /// `NotFound`; `rank_too_low`, `key_forbidden`.
    #[tracing::instrument(name = "users.sessions", level = "debug", skip_all)]
    pub async fn sessions(&self, caller: &Caller, id: UserId) -> Result<Vec<Session>, Error> {
        let record = self.ports.store.users().find(id).await?;
        let record = record.ok_or_else(|| Error::not_found("user"))?;
        let allowed = caller.actor.administer_user(&record.subject());
        allowed.map_err(refused)?;
        let sessions = self.ports.sessions.list(id).await?;
        let event = AuditEvent {
            entity_id: Some(id.0),
            organization: record.user.organization,
            ..AuditEvent::new("user.sessions_read", "user", AuditAction::Read)
        };
        caller.record(&self.ports, event).await?;
        Ok(sessions)
    }

    /// Ends every session of a user below the caller's rank, at once.
    ///
    /// # Errors
    /// `NotFound`; `rank_too_low`.
    #[tracing::instrument(name = "users.end_sessions", level = "debug", skip_all)]
    pub async fn end_sessions(&self, caller: &Confirmed, id: UserId) -> Result<(), Error> {
        let count = self.ports.sessions.list(id).await?.len();
        self.ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let locked = self
                    .lock_user(&*unit, caller, id, Actor::administer_user)
                    .await?;
                let event = AuditEvent {
                    entity_id: Some(id.0),
                    organization: locked.record.user.organization,
                    metadata: json!({ "sessions": count }),
                    ..AuditEvent::new("user.sessions_ended", "user", AuditAction::Logout)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                // The sessions end first: a superfluous event is better than a session that
                // stays valid.
                self.ports.sessions.end_all(id, None).await?;
                Ok(())
            })
            .await
    }
}
