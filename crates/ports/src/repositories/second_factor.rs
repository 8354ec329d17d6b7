//! Second factors of people, and logins that wait for one.

use accunode_domain::{Timestamp, id::UserId, secret::SecretHash};
use async_trait::async_trait;

use crate::RepositoryError;

/// A person's secret as stored. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredFactor {
    /// Encrypted.
    pub sealed: Vec<u8>,
    /// Whether a code of it was shown once; until then it is asked for nowhere.
    pub is_confirmed: bool,
}

impl std::fmt::Debug for StoredFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredFactor")
            .field("is_confirmed", &self.is_confirmed)
            .finish_non_exhaustive()
    }
}

/// Second factors. What is answered by a `bool` was done by one statement: of several who
/// try at once, one succeeds.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SecondFactorRepository: Send + Sync {
    /// A person's.
    async fn find(&self, user: UserId) -> Result<Option<StoredFactor>, RepositoryError>;
    /// Keeps a secret that is yet to be confirmed, and its recovery codes, in place of
    /// others. `false` where there is one that is confirmed.
    async fn put(
        &self,
        user: UserId,
        sealed: &[u8],
        recovery: &[SecretHash],
    ) -> Result<bool, RepositoryError>;
    /// Confirms it by the code of this time step. `false` where there is nothing to confirm.
    async fn confirm(
        &self,
        user: UserId,
        step: i64,
        now: Timestamp,
    ) -> Result<bool, RepositoryError>;
    /// Uses the codes up to this time step up. `false` where they were before.
    async fn use_step(&self, user: UserId, step: i64) -> Result<bool, RepositoryError>;
    /// Uses a recovery code up. `false` where there is none, or it was used before.
    async fn use_recovery(
        &self,
        user: UserId,
        code: &SecretHash,
        now: Timestamp,
    ) -> Result<bool, RepositoryError>;
    /// Takes it away, with its recovery codes. `false` where there is none.
    async fn remove(&self, user: UserId) -> Result<bool, RepositoryError>;

    /// Keeps a login that waits for a code, and forgets those of this person that waited
    /// too long.
    async fn challenge(
        &self,
        token: &SecretHash,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), RepositoryError>;
    /// Counts a try, and answers who is trying; nobody where the token is unknown, too old
    /// or tried too often.
    async fn try_challenge(
        &self,
        token: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<UserId>, RepositoryError>;
    /// Ends the wait. `false` where somebody else has.
    async fn end_challenge(&self, token: &SecretHash) -> Result<bool, RepositoryError>;
}
