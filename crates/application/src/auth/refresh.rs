//! Continues a session with new tokens.

use accunode_domain::{
    access::Scope,
    audit::{AuditAction, AuditEvent, RequestContext},
    session::{SESSION_SECONDS, Session},
};
use accunode_ports::sessions::Refreshed;
use serde_json::json;
use time::Duration;

use super::{Auth, Me, SignedIn};
use crate::{Error, ErrorCode};

impl Auth {
    /// Exchanges a refresh token for a new pair. A token that is used twice has been
    /// copied, so the whole family ends.
    ///
    /// # Errors
    /// `token_reused`, `token_expired`.
    #[tracing::instrument(name = "auth.refresh", level = "debug", skip_all)]
    pub async fn refresh(&self, token: &str, context: &RequestContext) -> Result<SignedIn, Error> {
        match self.ports.sessions.refresh(token).await? {
            Refreshed::Pair(session, tokens) => match self.go_on(&session).await {
                Ok(me) => Ok(SignedIn { tokens, me }),
                Err(error) => {
                    self.ports.sessions.end(session.id).await?;
                    Err(error)
                }
            },
            Refreshed::Reused(session) => {
                let event = AuditEvent {
                    entity_id: Some(session.id.0),
                    user: Some(session.user),
                    actor_email: Some(session.actor.email().as_str().to_owned()),
                    organization: session.actor.organization(),
                    metadata: json!({ "reason": "token_reused" }),
                    ..AuditEvent::new("session.refused", "session", AuditAction::FailedLogin)
                };
                self.ports.record(&Scope::none(), context, event).await?;
                Err(Error::Unauthenticated {
                    code: ErrorCode::TokenReused,
                    detail: "this refresh token was used before, so its session was ended; sign in again"
                        .to_owned(),
                })
            }
            Refreshed::Unknown => Err(expired()),
        }
    }

    /// Returns the account whose session continues, if it may.
    async fn go_on(&self, session: &Session) -> Result<Me, Error> {
        let age = self.ports.clock.now() - session.created_at;
        if age >= Duration::seconds(SESSION_SECONDS) {
            return Err(expired());
        }
        Ok(self.load(session.user).await?.0)
    }
}

fn expired() -> Error {
    Error::Unauthenticated {
        code: ErrorCode::TokenExpired,
        detail: "sign in again: the refresh token is unknown or too old".to_owned(),
    }
}
