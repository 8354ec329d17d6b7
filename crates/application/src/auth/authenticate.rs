//! Authenticates the caller by a token.

use accunode_domain::{
    access::Actor,
    api_key::looks_like_key,
    audit::RequestContext,
    session::{LAST_SEEN_SECONDS, Session},
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
        match self.changed_actor(&session).await?.transpose() {
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

    /// Returns the caller as their session and their account are now, without a token: one that
    /// expires while its response is sent does not end the response.
    ///
    /// # Errors
    /// `Unauthenticated("invalid_token")` if the session or the account has ended, or the caller
    /// has no session.
    #[tracing::instrument(name = "auth.renew", level = "debug", skip_all)]
    pub async fn renew(&self, caller: &Caller) -> Result<Caller, Error> {
        let session = self.own_session(caller).await?;
        let actor = match self.changed_actor(&session).await? {
            Some(changed) => changed?.0,
            None => session.actor,
        };
        Ok(Caller {
            actor,
            confirmed_at: Some(session.confirmed_at),
            second_factor: session.second_factor,
            ..caller.clone()
        })
    }

    /// Returns the user of a session as an actor with the tenancy version, if users or
    /// organizations have changed since the session was written; or why they are none any more.
    async fn changed_actor(
        &self,
        session: &Session,
    ) -> Result<Option<Result<(Actor, i64), Error>>, Error> {
        let users = self.ports.store.auth();
        let freshness = users.current(session.user, session.tenancy_version).await?;
        Ok(match freshness {
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
        })
    }
}
