//! Sessions: who is signed in.

use accunode_domain::{
    Timestamp,
    access::Actor,
    id::{SessionId, UserId},
    secret::Secret,
    session::Session,
};
use async_trait::async_trait;

use crate::PortError;

/// A pair of tokens as the client gets it. Only their hashes are kept.
#[derive(Clone)]
pub struct TokenPair {
    /// Good for [`accunode_domain::session::ACCESS_TOKEN_SECONDS`].
    pub access: String,
    /// Good once, and for some seconds for the same pair again
    /// ([`accunode_domain::session::REFRESH_GRACE_SECONDS`]).
    pub refresh: String,
}

impl TokenPair {
    /// The pair that takes the place of a refresh token. It is not kept anywhere: the same
    /// salt makes the same pair of the same token.
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

/// What became of a refresh token that was shown.
#[derive(Clone, Debug)]
pub enum Refreshed {
    /// A new pair for this session; the same one where the token that was used last is shown
    /// again within the grace.
    Pair(Box<Session>, TokenPair),
    /// It was used before: the whole family has been ended. This was its session.
    Reused(Box<Session>),
    /// It is unknown or too old.
    Unknown,
}

/// What a request learned about a session. Only what is named is written: requests of one
/// session run at the same time, and none may undo what another has just written. When the
/// user last proved who they are is not among it; a step-up starts a session of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionChange {
    /// When it was used. A time before the stored one is not written.
    pub last_seen_at: Option<Timestamp>,
    /// The actor, and the version of users and organizations at which it was worked out.
    /// A version that is not above the stored one is not written.
    pub actor: Option<(Actor, i64)>,
    /// Whether a second factor was shown in it.
    pub second_factor: Option<bool>,
}

/// Sessions. What is ended here is ended at once, on every node.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Starts a session.
    async fn start(&self, session: &Session) -> Result<TokenPair, PortError>;
    /// Whose access token this is.
    async fn find(&self, access: &str) -> Result<Option<Session>, PortError>;
    /// Writes the named fields of a user's session, in one step. A session that has ended
    /// stays ended.
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
    /// Ends every session of a user but `keep`.
    async fn end_all(&self, user: UserId, keep: Option<SessionId>) -> Result<(), PortError>;
    /// The sessions of a user, newest first.
    async fn list(&self, user: UserId) -> Result<Vec<Session>, PortError>;
}
