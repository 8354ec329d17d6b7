//! Signs the caller out.

use accunode_domain::audit::{AuditAction, AuditEvent};

use super::Auth;
use crate::{Caller, Error};

impl Auth {
    /// Ends the caller's session: its tokens become invalid at once.
    ///
    /// # Errors
    /// `key_forbidden`; `Unavailable` if sessions or database are unreachable.
    #[tracing::instrument(name = "auth.logout", level = "debug", skip_all)]
    pub async fn logout(&self, caller: &Caller) -> Result<(), Error> {
        caller
            .actor
            .require_user()
            .map_err(|denial| Error::denied(denial, "session"))?;
        let Some(session) = caller.session else {
            return Ok(());
        };
        self.ports
            .transaction(&caller.actor.scope(), |unit| async move {
                let event = AuditEvent {
                    entity_id: Some(session.0),
                    ..AuditEvent::new("session.ended", "session", AuditAction::Logout)
                };
                unit.audit_log()
                    .record(&caller.context, caller.sign(event))
                    .await?;
                // The session ends first: a superfluous audit row is better than a token that
                // stays valid.
                self.ports.sessions.end(session).await?;
                Ok(())
            })
            .await
    }
}
