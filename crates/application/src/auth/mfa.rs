//! Verifies the second factor of a login whose password was right.

use accunode_domain::{
    access::Scope,
    audit::{AuditAction, AuditEvent, RequestContext},
    id::UserId,
    second_factor::Code,
    secret::Secret,
};
use serde_json::json;

use super::{Auth, SignedIn, login::record_login, second_factor::invalid_code};
use crate::{Error, ErrorCode};

impl Auth {
    /// Ends a login that waits for its second factor: with a session, or with one attempt
    /// fewer.
    ///
    /// # Errors
    /// `token_expired` if the login waited too long, was tried too often or has ended;
    /// `LockedOut` after too many wrong codes; `invalid_code`.
    #[tracing::instrument(name = "auth.verify_second_factor", level = "debug", skip_all)]
    pub async fn verify_second_factor(
        &self,
        token: &str,
        code: &str,
        context: &RequestContext,
    ) -> Result<SignedIn, Error> {
        let token = Secret::shown(token).hash();
        let now = self.ports.clock.now();
        // The attempt is counted whatever its result.
        let hash = &token;
        let user = self
            .ports
            .transaction(&Scope::none(), |unit| async move {
                Ok(unit.second_factors().try_challenge(hash, now).await?)
            })
            .await?;
        let user = user.ok_or_else(expired)?;
        let attempt = self.admit_code(user).await?;
        let factor = self.factor(user).await?.ok_or_else(expired)?;
        let (me, version) = self.load(user).await?;
        let code = Code::typed(code);
        let users = self.ports.store.auth();
        let found = users.credentials(&me.user.email).await?;
        let found = found.ok_or_else(expired)?;

        let session = self.new_session(&me, version, true, context);
        let (factor, spent, login) = (&factor, &code, &session);
        let is_right = self
            .ports
            .transaction(&Scope::none(), |unit| async move {
                if !self.spend(&*unit, user, factor, spent, now).await? {
                    return Ok(false);
                }
                if !unit.second_factors().end_challenge(hash).await? {
                    return Err(expired());
                }
                record_login(&*unit, login, None, Some(spent.kind()), context).await?;
                Ok(true)
            })
            .await?;
        if !is_right {
            self.refuse_code(user, me.user.email.as_str(), context)
                .await?;
            return Err(invalid_code());
        }
        // The session starts after the commit: a session without its audit row must not
        // exist.
        let tokens = self.ports.sessions.start(&session).await?;
        // A password that was changed meanwhile ended the sessions that existed by then.
        if !self.still_right(&found, None).await? {
            self.ports.sessions.end(session.id).await?;
            return Err(expired());
        }
        self.ports.throttle.succeeded(&attempt).await?;
        Ok(SignedIn { tokens, me })
    }

    async fn refuse_code(
        &self,
        user: UserId,
        email: &str,
        context: &RequestContext,
    ) -> Result<(), Error> {
        let event = AuditEvent {
            entity_id: Some(user.0),
            user: Some(user),
            actor_email: Some(email.to_owned()),
            metadata: json!({ "reason": "invalid_code" }),
            ..AuditEvent::new("session.refused", "session", AuditAction::FailedLogin)
        };
        self.ports.record(&Scope::none(), context, event).await
    }
}

fn expired() -> Error {
    Error::Unauthenticated {
        code: ErrorCode::TokenExpired,
        detail: "sign in again: this login waited too long, or was tried too often".to_owned(),
    }
}
