//! Signs a user in.

use accunode_domain::{
    access::Scope,
    audit::{AuditAction, AuditEvent, RequestContext},
    id::SessionId,
    secret::Secret,
    session::Session,
    user::{Email, Password, User},
};
use accunode_ports::{
    UnitOfWork,
    repositories::{Credentials, Rehashed},
    system::Verified,
    throttle::{Admission, Attempt},
};
use serde_json::{Value, json};

use super::{Auth, LoggedIn, Me, SignedIn, tried};
use crate::{Error, ErrorCode};

fn refused() -> Error {
    Error::Unauthenticated {
        code: ErrorCode::InvalidCredentials,
        detail: "e-mail address or password is wrong".to_owned(),
    }
}

impl Auth {
    /// Starts a session, or asks for the second factor if there is one. An unknown address,
    /// a wrong password and an inactive account get the same response after the same time,
    /// and the same waits.
    ///
    /// # Errors
    /// `LockedOut` after too many failures, whether the account exists or not;
    /// `invalid_credentials`, `email_unverified`.
    #[tracing::instrument(name = "auth.login", level = "debug", skip_all)]
    pub async fn login(
        &self,
        email: &str,
        password: &str,
        context: &RequestContext,
    ) -> Result<LoggedIn, Error> {
        let attempt = Attempt::password(email, context.ip);
        if let Admission::Wait(seconds) = self.ports.throttle.admit(&attempt).await? {
            // This happens before any look-up, so that the response does not reveal whether
            // the account exists.
            self.record_failure(email, None, json!({ "reason": "locked_out" }), context)
                .await?;
            return Err(Error::LockedOut { seconds });
        }
        let found = match Email::parse("/email", email) {
            Ok(email) => self.ports.store.auth().credentials(&email).await?,
            Err(_) => None,
        };
        let hash = found.as_ref().map(|c| c.password_hash.clone());
        // It is too long for any account, but a truncated text is still hashed, so that it
        // takes as long.
        let typed = Password::attempt(password);
        let hash = if typed.is_some() { hash } else { None };
        let typed = typed
            .or_else(|| Password::attempt(""))
            .ok_or_else(refused)?;
        let verified = self.ports.hasher.verify(typed, hash).await?;
        match (found, verified) {
            (Some(found), Verified::Yes { rehashed }) if found.user.is_active => {
                self.ports.throttle.succeeded(&attempt).await?;
                self.start(found, rehashed, context).await
            }
            (found, _) => {
                let known = json!({ "known": found.is_some() });
                self.record_failure(email, found.as_ref(), known, context)
                    .await?;
                Err(refused())
            }
        }
    }

    async fn start(
        &self,
        found: Credentials,
        rehashed: Option<String>,
        context: &RequestContext,
    ) -> Result<LoggedIn, Error> {
        if !found.user.is_verified {
            let email = found.user.email.as_str();
            let why = json!({ "known": true, "reason": "email_unverified" });
            self.record_failure(email, Some(&found), why, context)
                .await?;
            return Err(Error::Denied {
                code: ErrorCode::EmailUnverified,
                detail: "confirm your e-mail address first; a mail with a link was sent to it"
                    .to_owned(),
            });
        }
        let rehashed = rehashed.as_deref().map(|new| Rehashed {
            old: &found.password_hash,
            new,
        });
        if self.factor(found.user.id).await?.is_some() {
            let token = self.ask_for_factor(&found.user, rehashed, context).await?;
            if !self.still_right(&found, rehashed).await? {
                let hash = &token.hash();
                self.ports
                    .transaction(&Scope::none(), |unit| async move {
                        Ok(unit.second_factors().end_challenge(hash).await?)
                    })
                    .await?;
                return Err(refused());
            }
            return Ok(LoggedIn::SecondFactor(token));
        }
        let (me, version) = self.load(found.user.id).await?;
        let session = self.new_session(&me, version, false, context);
        let (id, login) = (session.id, &session);
        self.ports
            .transaction(&Scope::none(), |unit| async move {
                record_login(&*unit, login, rehashed, None, context).await
            })
            .await?;
        // The session starts after the commit: a session without its audit row must not
        // exist.
        let tokens = self.ports.sessions.start(&session).await?;
        let has_factor = self.factor(found.user.id).await?.is_some();
        if has_factor || !self.still_right(&found, rehashed).await? {
            self.ports.sessions.end(id).await?;
            return Err(refused());
        }
        Ok(LoggedIn::Session(Box::new(SignedIn { tokens, me })))
    }

    /// Returns whether the password that was verified is still the account's. It is checked
    /// after the login exists: a change that is committed later ends the login, and one
    /// that was committed before is seen here, so that no login with an old password
    /// remains.
    pub(super) async fn still_right(
        &self,
        found: &Credentials,
        rehashed: Option<Rehashed<'_>>,
    ) -> Result<bool, Error> {
        let users = self.ports.store.auth();
        let now = users.credentials(&found.user.email).await?;
        Ok(now.is_some_and(|now| {
            now.user.is_active
                && (now.password_hash == found.password_hash
                    || rehashed.is_some_and(|rehashed| now.password_hash == rehashed.new))
        }))
    }

    /// Stores a login whose password was right until its second factor is verified.
    async fn ask_for_factor(
        &self,
        user: &User,
        rehashed: Option<Rehashed<'_>>,
        context: &RequestContext,
    ) -> Result<Secret, Error> {
        let now = self.ports.clock.now();
        let token = Secret::from_random("mfa", self.ports.randomness.bits());
        let hash = &token.hash();
        self.ports
            .transaction(&Scope::none(), |unit| async move {
                let factors = unit.second_factors();
                factors.challenge(hash, user.id, now).await?;
                if rehashed.is_some() {
                    unit.auth().record_login(user.id, now, rehashed).await?;
                }
                let event = AuditEvent {
                    entity_id: Some(user.id.0),
                    user: Some(user.id),
                    actor_email: Some(user.email.as_str().to_owned()),
                    organization: user.organization,
                    ..AuditEvent::new("session.password_accepted", "session", AuditAction::Login)
                };
                Ok(unit.audit_log().record(context, event).await?)
            })
            .await?;
        Ok(token)
    }

    /// Creates a session that is about to be started.
    pub(super) fn new_session(
        &self,
        me: &Me,
        tenancy_version: i64,
        second_factor: bool,
        context: &RequestContext,
    ) -> Session {
        let now = self.ports.clock.now();
        Session {
            id: SessionId(self.ports.ids.new_id()),
            user: me.user.id,
            actor: me.actor.clone(),
            tenancy_version,
            ip: context.ip,
            user_agent: context.user_agent.clone(),
            created_at: now,
            last_seen_at: now,
            confirmed_at: now,
            second_factor,
        }
    }

    async fn record_failure(
        &self,
        email: &str,
        found: Option<&Credentials>,
        metadata: Value,
        context: &RequestContext,
    ) -> Result<(), Error> {
        let event = AuditEvent {
            entity_id: found.map(|c| c.user.id.0),
            user: found.map(|c| c.user.id),
            organization: found.and_then(|c| c.user.organization),
            actor_email: tried(email),
            metadata,
            ..AuditEvent::new("session.refused", "session", AuditAction::FailedLogin)
        };
        self.ports.record(&Scope::none(), context, event).await
    }
}

/// Records a login within its unit of work: its time, and its audit row.
pub(super) async fn record_login(
    unit: &dyn UnitOfWork,
    session: &Session,
    rehashed: Option<Rehashed<'_>>,
    second_factor: Option<&'static str>,
    context: &RequestContext,
) -> Result<(), Error> {
    let user = session.user;
    unit.auth()
        .record_login(user, session.created_at, rehashed)
        .await?;
    let event = AuditEvent {
        entity_id: Some(session.id.0),
        user: Some(user),
        actor_email: Some(session.actor.email().as_str().to_owned()),
        organization: session.actor.organization(),
        metadata: json!({ "second_factor": second_factor }),
        ..AuditEvent::new("session.started", "session", AuditAction::Login)
    };
    Ok(unit.audit_log().record(context, event).await?)
}
