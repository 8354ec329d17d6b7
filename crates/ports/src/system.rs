//! Time, ids, randomness, and the hashing of passwords.

use accunode_domain::{Timestamp, user::Password};
use async_trait::async_trait;
use uuid::Uuid;

use crate::PortError;

/// The current time.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Clock: Send + Sync {
    /// Returns the current time in UTC.
    fn now(&self) -> Timestamp;
}

/// Ids for new rows.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait IdSource: Send + Sync {
    /// Returns a UUID version 7: unique, and later ones sort later.
    fn new_id(&self) -> Uuid;
}

/// Unpredictable random bits, for secrets.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Randomness: Send + Sync {
    /// Returns 256 bits, seeded by the operating system.
    fn bits(&self) -> [u8; 32];
}

/// A filesystem on which the service stores data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Volume {
    /// The stored data: `files` or `database`.
    pub name: &'static str,
    /// Bytes that this process may still write.
    pub free_bytes: u64,
    /// The total number of bytes.
    pub total_bytes: u64,
}

/// The filesystems on which the service stores data.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Disks: Send + Sync {
    /// Returns the current state of each filesystem. One that cannot be read is left out.
    fn volumes(&self) -> Vec<Volume>;
}

/// Hashes and verifies passwords.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Returns an argon2id hash in PHC form. It runs for a while, on a thread that may
    /// block.
    async fn hash(&self, password: Password) -> Result<String, PortError>;
    /// Verifies a password against a hash, and returns a new hash if the current parameters
    /// differ. Against `None` it takes as long and returns [`Verified::No`], so that the
    /// time does not reveal whether an account exists.
    async fn verify(&self, password: Password, hash: Option<String>)
    -> Result<Verified, PortError>;
    /// Returns why an attacker would soon guess this password, for readers; `None` if they
    /// would not. `about` are words that relate to its owner, such as their address.
    async fn weakness(
        &self,
        password: Password,
        about: Vec<String>,
    ) -> Result<Option<String>, PortError>;
}

/// The result of a verification.
#[derive(Clone)]
pub enum Verified {
    /// The password does not match.
    No,
    /// The password matches.
    Yes {
        /// The new hash, if the parameters of the old one are out of date.
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
