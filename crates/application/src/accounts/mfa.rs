//! Somebody whose password was right shows his second factor.

use accunode_domain::{
    access::Scope,
    audit::{AuditAction, AuditEvent, RequestContext},
    id::UserId,
    second_factor::Code,
    secret::Secret,
};
use serde_json::json;

use super::{Accounts, SignedIn, second_factor::invalid_code};
use crate::Error;

impl Accounts {
    /// Ends a login that waits for its second factor: with a session, or with one try less.
    ///
    /// # Errors
    /// `token_expired` where the login waited too long, was tried too often or has ended;
    /// `LockedOut` after too many wrong codes; `invalid_code`.
    pub async fn show_factor(
        &self,
        token: &str,
        code: &str,
        context: &RequestContext,
    ) -> Result<SignedIn, Error> {
        let token = Secret::shown(token).hash();
        let now = self.ports.clock.now();
        // The try is counted whatever becomes of it.
        let unit = self.ports.store.begin(&Scope::nobody()).await?;
        let user = unit.second_factors().try_challenge(&token, now).await?;
        unit.commit().await?;
        let user = user.ok_or_else(expired)?;
        let attempt = self.admit_code(user).await?;
        let factor = self.factor(user).await?.ok_or_else(expired)?;
        let (me, version) = self.load(user).await?;
        let code = Code::typed(code);

        let unit = self.ports.store.begin(&Scope::nobody()).await?;
        if !self.spend(&*unit, user, &factor, &code, now).await? {
            drop(unit);
            self.refuse_code(user, me.user.email.as_str(), context)
                .await?;
            return Err(invalid_code());
        }
        if !unit.second_factors().end_challenge(&token).await? {
            return Err(expired());
        }
        let (_, signed_in) = self
            .begin_session(unit, me, version, None, Some(code.kind()), context)
            .await?;
        self.ports.throttle.succeeded(&attempt).await?;
        Ok(signed_in)
    }

    async fn refuse_code(
        &self,
        user: UserId,
        email: &str,
        context: &RequestContext,
    ) -> Result<(), Error> {
        let unit = self.ports.store.begin(&Scope::nobody()).await?;
        let event = AuditEvent {
            entity_id: Some(user.0),
            user: Some(user),
            actor_email: Some(email.to_owned()),
            metadata: json!({ "reason": "invalid_code" }),
            ..AuditEvent::new("session.refused", "session", AuditAction::FailedLogin)
        };
        unit.audit().record(context, event).await?;
        Ok(unit.commit().await?)
    }
}

fn expired() -> Error {
    Error::Unauthenticated {
        code: "token_expired",
        detail: "sign in again: this login waited too long, or was tried too often".to_owned(),
    }
}
