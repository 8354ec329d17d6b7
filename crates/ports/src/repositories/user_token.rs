//! Tokens that were sent to users by mail.

use accunode_domain::{Timestamp, id::UserId, secret::SecretHash, user_token::TokenPurpose};
use async_trait::async_trait;
use uuid::Uuid;

use crate::RepositoryError;

/// A token that is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUserToken {
    /// Its id.
    pub id: Uuid,
    /// The recipient. If there is no such user, nothing is stored, with the same work.
    pub user: UserId,
    /// The purpose.
    pub purpose: TokenPurpose,
    /// The hash that is stored.
    pub hash: SecretHash,
    /// The time of creation.
    pub now: Timestamp,
}

/// Reads tokens of mails.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait UserTokenRepository: Send + Sync {
    /// Returns the user of this open token, which stays open.
    async fn find(
        &self,
        purpose: TokenPurpose,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<UserId>, RepositoryError>;
}

/// Changes tokens of mails. At most one is open per user and purpose; presenting it is the
/// proof.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait UserTokenWriter: Send + Sync {
    /// Stores a token and invalidates the open one. Returns `false`, and changes nothing, if
    /// that one is younger than [`accunode_domain::user_token::MAIL_PAUSE`] or there is no
    /// such user.
    async fn replace(&self, token: &NewUserToken) -> Result<bool, RepositoryError>;
    /// Marks an open token as used and returns its user: of several concurrent calls, one
    /// succeeds.
    async fn take(
        &self,
        purpose: TokenPurpose,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<UserId>, RepositoryError>;
}
