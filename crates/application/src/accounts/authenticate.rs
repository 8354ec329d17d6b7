//! A token is turned into somebody who calls.

use accunode_domain::{audit::RequestContext, session::LAST_SEEN_SECONDS};
use time::Duration;

use super::Accounts;
use crate::{Caller, Error};

impl Accounts {
    /// Who shows this access token. Costs one look-up of the session, and a read
    /// of the user only where users or organizations have changed since.
    ///
    /// # Errors
    /// `Unauthenticated("invalid_token")` for a token that is unknown, too old, or
    /// whose session or account has ended.
    pub async fn authenticate(
        &self,
        token: &str,
        context: RequestContext,
    ) -> Result<Caller, Error> {
        let Some(mut session) = self.ports.sessions.find(token).await? else {
            return Err(Error::Unauthenticated {
                code: "invalid_token",
                detail: "sign in again: the access token is unknown or too old".to_owned(),
            });
        };
        let now = self.ports.clock.now();
        let mut changed = now - session.last_seen_at >= Duration::seconds(LAST_SEEN_SECONDS);
        if changed {
            session.last_seen_at = now;
        }
        let version = self.ports.store.users().tenancy_version().await?;
        if session.tenancy_version != version {
            let (me, version) = match self.load(session.user).await {
                Ok(loaded) => loaded,
                Err(error) => {
                    if matches!(error, Error::Unauthenticated { .. }) {
                        self.ports.sessions.end(session.id).await?;
                    }
                    return Err(error);
                }
            };
            session.actor = me.actor;
            session.tenancy_version = version;
            changed = true;
        }
        if changed {
            self.ports.sessions.update(&session).await?;
        }
        Ok(Caller {
            actor: session.actor,
            context,
            session: Some(session.id),
            confirmed_at: Some(session.confirmed_at),
        })
    }
}
