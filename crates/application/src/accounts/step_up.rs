//! Somebody proves himself once more.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    session::Session,
    user::Password,
};
use accunode_ports::{
    system::Verified,
    throttle::{Admission, Attempt},
};
use serde_json::json;

use super::Accounts;
use crate::{Caller, Error};

impl Accounts {
    /// Renews the proof that the session's person is there: what is sensitive needs one
    /// of the last quarter of an hour.
    ///
    /// # Errors
    /// `key_forbidden`; `LockedOut` after too many failures; `wrong_password`;
    /// `invalid_token` where the session ended meanwhile.
    pub async fn step_up(&self, caller: &Caller, password: &str) -> Result<(), Error> {
        caller
            .actor
            .require_person()
            .map_err(|denial| Error::denied(denial, "session"))?;
        let mut session = self.own_session(caller).await?;
        self.prove(caller, password, "step_up").await?;
        let unit = self.ports.store.begin(&caller.actor.scope()).await?;
        let event = AuditEvent {
            entity_id: Some(session.id.0),
            ..AuditEvent::new("session.confirmed", "session", AuditAction::Login)
        };
        unit.audit()
            .record(&caller.context, caller.sign(event))
            .await?;
        unit.commit().await?;
        session.confirmed_at = self.ports.clock.now();
        Ok(self.ports.sessions.update(&session).await?)
    }

    /// The caller's session as it is kept.
    pub(super) async fn own_session(&self, caller: &Caller) -> Result<Session, Error> {
        let mine = self.ports.sessions.list(caller.actor.user()).await?;
        mine.into_iter()
            .find(|session| Some(session.id) == caller.session)
            .ok_or_else(|| Error::Unauthenticated {
                code: "invalid_token",
                detail: "sign in again: this session has ended".to_owned(),
            })
    }

    /// That somebody who is signed in knows his password. A failure is audited, and
    /// counts like one at the login.
    pub(super) async fn prove(
        &self,
        caller: &Caller,
        password: &str,
        purpose: &'static str,
    ) -> Result<(), Error> {
        let email = caller.actor.email();
        let attempt = Attempt::password(email.as_str(), caller.context.ip);
        if let Admission::Wait(seconds) = self.ports.throttle.admit(&attempt).await? {
            return Err(Error::LockedOut { seconds });
        }
        let found = self.ports.store.users().credentials(email).await?;
        let hash = found
            .filter(|found| found.user.id == caller.actor.user())
            .map(|found| found.password_hash);
        let verified = match Password::attempt(password) {
            Some(attempt) => self.ports.hasher.verify(attempt, hash).await?,
            None => Verified::No,
        };
        if matches!(verified, Verified::Yes { .. }) {
            self.ports.throttle.succeeded(&attempt).await?;
            return Ok(());
        }
        let event = AuditEvent {
            entity_id: caller.session.map(|id| id.0),
            metadata: json!({ "reason": "wrong_password", "purpose": purpose }),
            ..AuditEvent::new("session.refused", "session", AuditAction::FailedLogin)
        };
        caller.record(&self.ports, event).await?;
        Err(Error::Unauthenticated {
            code: "wrong_password",
            detail: "this is not your password".to_owned(),
        })
    }
}
