//! Sessions: who is signed in.

use accunode_domain::{
    id::{SessionId, UserId},
    session::Session,
};
use async_trait::async_trait;

use crate::PortError;

/// A pair of tokens as the client gets it. Only their hashes are kept.
#[derive(Clone)]
pub struct TokenPair {
    /// Good for [`accunode_domain::session::ACCESS_TOKEN_SECONDS`].
    pub access: String,
    /// Good once.
    pub refresh: String,
}

impl std::fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenPair(…)")
    }
}

/// What became of a refresh token that was shown.
#[derive(Clone, Debug)]
pub enum Refreshed {
    /// A new pair for this session.
    Pair(Box<Session>, TokenPair),
    /// It was used before: the whole family has been ended. This was its session.
    Reused(Box<Session>),
    /// It is unknown or too old.
    Unknown,
}

/// Sessions. What is ended here is ended at once, on every node.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Starts a session.
    async fn start(&self, session: &Session) -> Result<TokenPair, PortError>;
    /// Whose access token this is.
    async fn find(&self, access: &str) -> Result<Option<Session>, PortError>;
    /// Keeps what was worked out anew of a session's actor.
    async fn update(&self, session: &Session) -> Result<(), PortError>;
    /// Exchanges a refresh token for a new pair.
    async fn refresh(&self, refresh: &str) -> Result<Refreshed, PortError>;
    /// Ends a session with all its tokens.
    async fn end(&self, session: SessionId) -> Result<(), PortError>;
    /// Ends every session of a user but `keep`.
    async fn end_all(&self, user: UserId, keep: Option<SessionId>) -> Result<(), PortError>;
    /// The sessions of a user, newest first.
    async fn list(&self, user: UserId) -> Result<Vec<Session>, PortError>;
}
