//! Sessions of signed-in users.

use accunode_domain::{
    Timestamp,
    access::Actor,
    id::{SessionId, UserId},
    secret::Secret,
    session::Session,
};
use async_trait::async_trait;

use crate::PortError;

/// A pair of tokens as the client receives it. Only their hashes are stored.
#[derive(Clone)]
pub struct TokenPair {
    /// Valid for [`accunode_domain::session::ACCESS_TOKEN_SECONDS`].
    pub access: String,
    /// Valid once, and for some seconds to receive the same pair again
    /// ([`accunode_domain::session::REFRESH_GRACE_SECONDS`]).
    pub refresh: String,
}

impl TokenPair {
    /// Returns the pair that replaces a refresh token. It is not stored: the same salt
    /// derives the same pair from the same token.
    #[must_use]
    pub fn after(refresh: &str, salt: &[u8; 32]) -> Self {
        let shown = Secret::shown(refresh);
        Self {
            access: shown.successor("at", salt).expose().to_owned(),
            refresh: shown.successor("rt", salt).expose().to_owned(),
        }
    }
}

impl std::fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenPair(…)")
    }
}

/// The result of presenting a refresh token.
#[derive(Clone, Debug)]
pub enum Refreshed {
    /// A new pair for this session; the same pair if the token that was used last is
    /// presented again within the grace period.
    Pair(Box<Session>, TokenPair),
    /// It was used before, and its whole family has been ended. This was its session.
    Reused(Box<Session>),
    /// It is unknown or too old.
    Unknown,
}

/// A change of a session by a request. Only the fields that are set are written: requests of
/// one session run at the same time, and none may undo what another has just written. The
/// time of the last proof of identity is not included, because a step-up starts a new
/// session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionChange {
    /// When the session was used. A time before the stored one is not written.
    pub last_seen_at: Option<Timestamp>,
    /// The actor, and the tenancy version at which it was computed. A version that is not
    /// above the stored one is not written.
    pub actor: Option<(Actor, i64)>,
    /// Whether the session was proved with a second factor.
    pub second_factor: Option<bool>,
}

/// The session store. Ending a session takes effect at once, on every node.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Starts a session.
    async fn start(&self, session: &Session) -> Result<TokenPair, PortError>;
    /// Returns the session of an access token.
    async fn find(&self, access: &str) -> Result<Option<Session>, PortError>;
    /// Writes the fields of a user's session that are set, atomically. A session that has
    /// ended stays ended.
    async fn update(
        &self,
        session: SessionId,
        user: UserId,
        change: &SessionChange,
    ) -> Result<(), PortError>;
    /// Exchanges a refresh token for a new pair.
    async fn refresh(&self, refresh: &str) -> Result<Refreshed, PortError>;
    /// Ends a session with all its tokens.
    async fn end(&self, session: SessionId) -> Result<(), PortError>;
    /// Ends every session of a user except `keep`.
    async fn end_all(&self, user: UserId, keep: Option<SessionId>) -> Result<(), PortError>;
    /// Returns the sessions of a user, newest first.
    async fn list(&self, user: UserId) -> Result<Vec<Session>, PortError>;
}
