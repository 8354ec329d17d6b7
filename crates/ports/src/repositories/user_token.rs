//! Tokens that were sent to users' mailboxes.

use accunode_domain::{Timestamp, id::UserId, secret::SecretHash, user_token::TokenPurpose};
use async_trait::async_trait;
use uuid::Uuid;

use crate::RepositoryError;

/// A token that is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUserToken {
    /// Its id.
    pub id: Uuid,
    /// To whom. No one there: nothing is kept, with the same work.
    pub user: UserId,
    /// What for.
    pub purpose: TokenPurpose,
    /// What is kept of it.
    pub hash: SecretHash,
    /// From when.
    pub now: Timestamp,
}

/// Reads tokens of mails.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait UserTokenRepository: Send + Sync {
    /// Whose open token this is; it stays open.
    async fn find(
        &self,
        purpose: TokenPurpose,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<UserId>, RepositoryError>;
}

/// Changes tokens of mails. At most one is open per user and purpose; showing it is the proof.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait UserTokenWriter: Send + Sync {
    /// Stores a token in place of the open one, which is dead from then on. `false`, and
    /// nothing is changed, where that one is younger than
    /// [`accunode_domain::user_token::MAIL_PAUSE`] or there is no such user.
    async fn replace(&self, token: &NewUserToken) -> Result<bool, RepositoryError>;
    /// Uses an open token up and answers whose it was: of several who try, one succeeds.
    async fn take(
        &self,
        purpose: TokenPurpose,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<UserId>, RepositoryError>;
}
