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
    /// Its checked properties.
    pub terms: KeyTerms,
    /// The first characters of its secret.
    pub prefix: String,
    /// The hash of the secret that is shown once.
    pub secret_hash: SecretHash,
    /// The time of creation.
    pub created_at: Timestamp,
}

/// The secret that replaces a key's current one.
#[derive(Clone, Debug)]
pub struct NextSecret {
    /// Its first characters.
    pub prefix: String,
    /// Its hash.
    pub hash: SecretHash,
    /// Until when the previous secret is valid.
    pub previous_until: Timestamp,
}

/// A key that a caller presented, with its owner as currently stored.
#[derive(Clone, Debug)]
pub struct PresentedKey {
    /// The key.
    pub key: ApiKey,
    /// The owner.
    pub owner: User,
    /// The owner's organization, if they have one.
    pub membership: Option<Membership>,
}

/// Reads API keys. Revoked keys are deleted. Keys are not tenant rows; the use case decides
/// who may see them.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ApiKeyRepository: Send + Sync {
    /// Returns the key with this secret, or with this previous secret while it is valid,
    /// unless the key has expired; with owner and membership, in one statement.
    async fn presented(
        &self,
        secret: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<PresentedKey>, RepositoryError>;
    /// Returns whether a key was neither revoked nor has expired.
    async fn is_valid(&self, id: ApiKeyId, now: Timestamp) -> Result<bool, RepositoryError>;
    /// Stores when a key was used. This is the only write without a unit of work, because
    /// it is made at every request of a key, and one statement is sufficient. If another
    /// transaction writes the key at the same time, nothing is written, so that the request
    /// does not wait.
    async fn used(&self, id: ApiKeyId, at: Timestamp) -> Result<(), RepositoryError>;
    /// Returns how many keys of a user have not expired.
    async fn count(&self, owner: UserId, now: Timestamp) -> Result<usize, RepositoryError>;
    /// Returns a page of keys, newest first.
    async fn list(
        &self,
        whose: &KeyDirectory,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<ApiKey>, RepositoryError>;
}

/// Changes API keys, under grants for their owner's keys.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ApiKeyWriter: Send + Sync {
    /// Returns a key by id with its owner, locked until the unit of work ends.
    async fn lock(&self, id: ApiKeyId) -> Result<Option<(ApiKey, UserRecord)>, RepositoryError>;
    /// Stores a key of the grant's owner.
    async fn add(&self, grant: KeyGrant, key: &NewApiKey) -> Result<ApiKey, RepositoryError>;
    /// Replaces the current secret of a key of the grant's owner.
    ///
    /// # Errors
    /// `Stale` if the key was revoked meanwhile or is another user's.
    async fn rotate(
        &self,
        grant: KeyGrant,
        id: ApiKeyId,
        next: &NextSecret,
    ) -> Result<ApiKey, RepositoryError>;
    /// Deletes a key of the owner, with both its secrets.
    ///
    /// # Errors
    /// `Stale` if the key was revoked meanwhile or is another user's.
    async fn revoke(
        &self,
        removal: KeyRemoval,
        id: ApiKeyId,
        at: Timestamp,
    ) -> Result<(), RepositoryError>;
}
