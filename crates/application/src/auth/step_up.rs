//! Proves the caller's identity again.

use accunode_domain::{
    audit::{AuditAction, AuditEvent},
    fault::Fault,
    id::SessionId,
    second_factor::Code,
    session::Session,
    user::Password,
};
use accunode_ports::{
    system::Verified,
    throttle::{Admission, Attempt},
};
use serde_json::json;

use super::{Auth, SignedIn, second_factor::invalid_code};
use crate::{Caller, Error, ErrorCode};

impl Auth {
    /// Renews the proof that the session is used by its user: sensitive operations need a
    /// proof of the last quarter of an hour. A user with a second factor must also present
    /// a code. A new session replaces the current one, so that the proof is of no use to
    /// anyone who has a copy of its tokens.
    ///
    /// # Errors
    /// `key_forbidden`; `LockedOut` after too many failures; `wrong_password`,
    /// `invalid_code`; `invalid_token` if the session ended meanwhile.
    #[tracing::instrument(name = "auth.step_up", level = "debug", skip_all)]
    pub async fn step_up(
        &self,
        caller: &Caller,
        password: &str,
        code: Option<&str>,
    ) -> Result<SignedIn, Error> {
        let allowed = caller.actor.require_user();
        allowed.map_err(|denial| Error::denied(denial, "session"))?;
        let user = caller.actor.user();
        let session = self.own_session(caller).await?;
        self.prove(caller, password, "step_up").await?;
        let factor = self.factor(user).await?;
        let shown = match (&factor, code) {
            (None, _) => None,
            (Some(factor), Some(code)) => {
                Some((factor, Code::typed(code), self.admit_code(user).await?))
            }
            (Some(_), None) => {
                let rule = "is needed: the code that your device shows, or a recovery code";
                return Err(Error::invalid(Fault::new("/code", "required", rule)));
            }
        };
        let now = self.ports.clock.now();
        let (me, tenancy_version) = self.load(user).await?;
        let renewed = Session {
            id: SessionId(self.ports.ids.new_id()),
            actor: me.actor.clone(),
            tenancy_version,
            last_seen_at: now,
            confirmed_at: now,
            second_factor: session.second_factor || shown.is_some(),
            ..session.clone()
        };
        let (shown, renewed, session) = (&shown, &renewed, &session);
        let is_right = self.ports.transaction(&caller.actor.scope(), |unit| async move {
        if let Some((factor, code, _)) = shown
 && !self.spend(&*unit, user, factor, code, now).await? {
return Ok(false);
}
        let event = AuditEvent {
            entity_id: Some(renewed.id.0),
            metadata: json!({ "in_place_of": session.id, "second_factor": shown.as_ref().map(|(_, code, _)| code.kind()) }),
            ..AuditEvent::new("session.confirmed", "session", AuditAction::Login)
        };
        unit.audit_log()
            .record(&caller.context, caller.sign(event))
            .await?;
Ok(true)
}).await?;
        if !is_right {
            self.refused(caller, "invalid_code", "step_up").await?;
            return Err(invalid_code());
        }
        if let Some((_, _, attempt)) = shown {
            self.ports.throttle.succeeded(attempt).await?;
        }
        let tokens = self.ports.sessions.start(renewed).await?;
        // A request that ended the user's sessions meanwhile did not know the new one: it begins only
        // if the one that it replaces still exists.
        if let Err(ended) = self.own_session(caller).await {
            self.ports.sessions.end(renewed.id).await?;
            return Err(ended);
        }
        self.ports.sessions.end(session.id).await?;
        Ok(SignedIn { tokens, me })
    }

    /// Returns the caller's session as stored.
    pub(super) async fn own_session(&self, caller: &Caller) -> Result<Session, Error> {
        let mine = self.ports.sessions.list(caller.actor.user()).await?;
        mine.into_iter()
            .find(|session| Some(session.id) == caller.session)
            .ok_or_else(|| Error::Unauthenticated {
                code: ErrorCode::InvalidToken,
                detail: "sign in again: this session has ended".to_owned(),
            })
    }

    /// Checks that a user who is signed in knows their password. A failure is audited, and
    /// counts like a failed login.
    pub(super) async fn prove(
        &self,
        caller: &Caller,
        password: &str,
        purpose: &'static str,
    ) -> Result<(), Error> {
        let email = caller.actor.email();
        let attempt = Attempt::password(email.as_str(), caller.context.ip);
        if let Admission::Wait(seconds) = self.ports.throttle.admit(&attempt).await? {
            self.refused(caller, "locked_out", purpose).await?;
            return Err(Error::LockedOut { seconds });
        }
        let found = self.ports.store.auth().credentials(email).await?;
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
        self.refused(caller, "wrong_password", purpose).await?;
        Err(Error::Unauthenticated {
            code: ErrorCode::WrongPassword,
            detail: "this is not your password".to_owned(),
        })
    }

    async fn refused(
        &self,
        caller: &Caller,
        reason: &'static str,
        purpose: &'static str,
    ) -> Result<(), Error> {
        let event = AuditEvent {
            entity_id: caller.session.map(|id| id.0),
            metadata: json!({ "reason": reason, "purpose": purpose }),
            ..AuditEvent::new("session.refused", "session", AuditAction::FailedLogin)
        };
        caller.record(&self.ports, event).await
    }
}
