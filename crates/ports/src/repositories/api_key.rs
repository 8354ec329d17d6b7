//! API keys.

use accunode_domain::{
    Timestamp,
    access::{KeyDirectory, KeyGrant, KeyRemoval},
    api_key::{ApiKey, KeyTerms},
    id::{ApiKeyId, UserId},
    organization::Membership,
    page::{Cursor, Limit, Page},
    secret::SecretHash,
    user::User,
};
use async_trait::async_trait;

use super::UserRecord;
use crate::RepositoryError;

/// A key to be stored.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What it may do, and until when.
    pub terms: KeyTerms,
    /// How its secret begins.
    pub prefix: String,
    /// Of the secret that is shown once.
    pub secret_hash: SecretHash,
    /// When.
    pub created_at: Timestamp,
}

/// The secret that takes the place of a key's present one.
#[derive(Clone, Debug)]
pub struct NextSecret {
    /// How it begins.
    pub prefix: String,
    /// Its hash.
    pub hash: SecretHash,
    /// Until when the one before is good.
    pub previous_until: Timestamp,
}

/// A key that was shown, with its owner as they are now.
#[derive(Clone, Debug)]
pub struct PresentedKey {
    /// The key.
    pub key: ApiKey,
    /// Whose it is.
    pub owner: User,
    /// Their organization, where they have one.
    pub membership: Option<Membership>,
}

/// Reads API keys. Those that were revoked are not there any more. They are no tenant rows;
/// who may see whose is decided before asking.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ApiKeyRepository: Send + Sync {
    /// The key with this secret, or with this one before its last rotation while that
    /// is good, unless it has expired; with owner and membership, in one statement.
    async fn presented(
        &self,
        secret: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<PresentedKey>, RepositoryError>;
    /// Stores when a key was used. This is the one write without a unit of work: it is made
    /// at every request of a key, and a statement of its own is enough. Where another user
    /// writes the key at this moment, nothing is done: no one waits for that.
    async fn used(&self, id: ApiKeyId, at: Timestamp) -> Result<(), RepositoryError>;
    /// How many keys a user has that have not expired.
    async fn count(&self, owner: UserId, now: Timestamp) -> Result<usize, RepositoryError>;
    /// A page of keys, newest first.
    async fn list(
        &self,
        whose: &KeyDirectory,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<ApiKey>, RepositoryError>;
}

/// Changes API keys, each by what the access rules have granted about its owner's keys.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ApiKeyWriter: Send + Sync {
    /// By id with its owner, locked until the unit of work ends.
    async fn lock(&self, id: ApiKeyId) -> Result<Option<(ApiKey, UserRecord)>, RepositoryError>;
    /// Stores a key of the grant's owner.
    async fn add(&self, grant: KeyGrant, key: &NewApiKey) -> Result<ApiKey, RepositoryError>;
    /// Puts the next secret in the place of the present one of a key of the grant's owner.
    ///
    /// # Errors
    /// `Stale` where it was revoked meanwhile or is another user's.
    async fn rotate(
        &self,
        grant: KeyGrant,
        id: ApiKeyId,
        next: &NextSecret,
    ) -> Result<ApiKey, RepositoryError>;
    /// Ends a key of the owner for good, with both its secrets.
    ///
    /// # Errors
    /// `Stale` where it was revoked meanwhile or is another user's.
    async fn revoke(
        &self,
        removal: KeyRemoval,
        id: ApiKeyId,
        at: Timestamp,
    ) -> Result<(), RepositoryError>;
}
