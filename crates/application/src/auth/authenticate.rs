//! Authenticates the caller by a token.

use accunode_domain::{
    access::Actor, api_key::looks_like_key, audit::RequestContext, session::LAST_SEEN_SECONDS,
};
use accunode_ports::{repositories::UserFreshness, sessions::SessionChange};
use time::Duration;

use super::{Auth, gone, unusable};
use crate::{Caller, Error, ErrorCode};

impl Auth {
    /// Returns the caller of this access token, or of this API key. A token costs one look-up in
    /// the session store ([`SessionStore::find`]) and one statement in the database
    /// ([`AuthRepository::current`]), which also reads the user again if users or organizations
    /// have changed since; then the session is updated, once. A key costs one statement.
    ///
    /// # Errors
    /// `Unauthenticated("invalid_token")` for a token that is unknown or too old, or whose session
    /// or account has ended.
    ///
    /// [`SessionStore::find`]: accunode_ports::sessions::SessionStore::find
    /// [`AuthRepository::current`]: accunode_ports::repositories::AuthRepository::current
    #[tracing::instrument(name = "auth.authenticate", level = "debug", skip_all)]
    pub async fn authenticate(
        &self,
        token: &str,
        context: RequestContext,
    ) -> Result<Caller, Error> {
        if looks_like_key(token) {
            return self.authenticate_key(token, context).await;
        }
        let Some(mut session) = self.ports.sessions.find(token).await? else {
            return Err(Error::Unauthenticated {
                code: ErrorCode::InvalidToken,
                detail: "sign in again: the access token is unknown or too old".to_owned(),
            });
        };
        let now = self.ports.clock.now();
        let unnoted = now - session.last_seen_at >= Duration::seconds(LAST_SEEN_SECONDS);
        let mut change = SessionChange {
            last_seen_at: unnoted.then_some(now),
            ..SessionChange::default()
        };
        let users = self.ports.store.auth();
        let freshness = users.current(session.user, session.tenancy_version).await?;
        let anew = match freshness {
            UserFreshness::Unchanged => None,
            UserFreshness::Gone => Some(Err(gone())),
            UserFreshness::Changed {
                user,
                membership,
                version,
            } => {
                let actor = Actor::new(&user, membership).map_err(unusable);
                Some(actor.map(|actor| (actor, version)))
            }
        };
        match anew.transpose() {
            Ok(None) => {}
            Ok(Some(renewed)) => {
                session.actor = renewed.0.clone();
                change.actor = Some(renewed);
            }
            Err(error) => {
                self.ports.sessions.end(session.id).await?;
                return Err(error);
            }
        }
        if change != SessionChange::default() {
            let sessions = &self.ports.sessions;
            sessions.update(session.id, session.user, &change).await?;
        }
        Ok(Caller {
            actor: session.actor,
            context,
            session: Some(session.id),
            confirmed_at: Some(session.confirmed_at),
            key: None,
            second_factor: session.second_factor,
        })
    }
}
