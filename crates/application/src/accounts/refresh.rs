//! A session goes on with new tokens.

use accunode_domain::{
    access::Scope,
    audit::{AuditAction, AuditEvent, RequestContext},
};
use accunode_ports::sessions::Refreshed;
use serde_json::json;

use super::{Accounts, SignedIn};
use crate::Error;

impl Accounts {
    /// Exchanges a refresh token for a new pair. A token that is used twice has
    /// been stolen from one of the two: the whole family ends.
    ///
    /// # Errors
    /// `token_reused`, `token_expired`.
    pub async fn refresh(&self, token: &str, context: &RequestContext) -> Result<SignedIn, Error> {
        match self.ports.sessions.refresh(token).await? {
            Refreshed::Pair(session, tokens) => match self.load(session.user).await {
                Ok((me, _)) => Ok(SignedIn { tokens, me }),
                Err(error) => {
                    self.ports.sessions.end(session.id).await?;
                    Err(error)
                }
            },
            Refreshed::Reused => {
                let unit = self.ports.store.begin(&Scope::nobody()).await?;
                let event = AuditEvent {
                    metadata: json!({ "reason": "token_reused" }),
                    ..AuditEvent::new("session.refused", "session", AuditAction::FailedLogin)
                };
                unit.audit().record(context, event).await?;
                unit.commit().await?;
                Err(Error::Unauthenticated {
                    code: "token_reused",
                    detail: "this refresh token was used before, so its session was ended; sign in again"
                        .to_owned(),
                })
            }
            Refreshed::Unknown => Err(Error::Unauthenticated {
                code: "token_expired",
                detail: "sign in again: the refresh token is unknown or too old".to_owned(),
            }),
        }
    }
}
