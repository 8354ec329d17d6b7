//! Time, ids, randomness, and the hashing of passwords.

use accunode_domain::{Timestamp, user::Password};
use async_trait::async_trait;
use uuid::Uuid;

use crate::PortError;

/// What time it is.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;
}

/// Ids for new rows.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait IdSource: Send + Sync {
    /// A UUID version 7: unique, and later ones sort later.
    fn new_id(&self) -> Uuid;
}

/// Randomness that no one can foresee, for secrets.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Randomness: Send + Sync {
    /// 256 bits, seeded by the operating system.
    fn bits(&self) -> [u8; 32];
}

/// A filesystem on which the service keeps something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Volume {
    /// What is kept there: `files` or `database`.
    pub name: &'static str,
    /// Bytes that this process may still write.
    pub free_bytes: u64,
    /// All of its bytes.
    pub total_bytes: u64,
}

/// The filesystems on which the service keeps something.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Disks: Send + Sync {
    /// Each of them as it is now. One that cannot be looked at is left out.
    fn volumes(&self) -> Vec<Volume>;
}

/// Passwords and their hashes.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// An argon2id hash in PHC form. Takes its time, off the threads that wait.
    async fn hash(&self, password: Password) -> Result<String, PortError>;
    /// Whether the password fits the hash, and a new hash where the present
    /// parameters are others. Against `None` it takes as long and says no, so that
    /// time tells no one whether an account exists.
    async fn verify(&self, password: Password, hash: Option<String>)
    -> Result<Verified, PortError>;
    /// Why someone who tries would soon guess this password, for readers; `None` where
    /// they would not. `about` are words of its owner, such as their address.
    async fn weakness(
        &self,
        password: Password,
        about: Vec<String>,
    ) -> Result<Option<String>, PortError>;
}

/// What became of a verification.
#[derive(Clone)]
pub enum Verified {
    /// It does not fit.
    No,
    /// It fits; a new hash where the old one's parameters are out of date.
    Yes {
        /// The new hash.
        rehashed: Option<String>,
    },
}

impl std::fmt::Debug for Verified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::No => "No",
            Self::Yes { .. } => "Yes",
        })
    }
}
