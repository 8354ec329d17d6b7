//! Time-based codes, and their secrets.

use accunode_domain::{Timestamp, id::UserId, user::Email};

use crate::PortError;

/// A secret that was just created, for its user only. `Debug` does not show it.
#[derive(Clone)]
pub struct Enrolment {
    /// The stored form: encrypted, for this user only.
    pub sealed: Vec<u8>,
    /// The secret in base32, for manual entry into a device.
    pub secret: String,
    /// The URI (`otpauth://`) that a device reads from a QR code.
    pub uri: String,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Enrolment(…)")
    }
}

/// Creates secrets and checks codes. Quick: nothing is awaited.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait CodeDevice: Send + Sync {
    /// Creates a secret from these random bits.
    ///
    /// # Errors
    /// `Internal` if it cannot be encrypted.
    fn enrol(&self, user: UserId, email: &Email, bits: [u8; 32]) -> Result<Enrolment, PortError>;
    /// Returns the time step of this six-digit code, if it is the current one or an
    /// adjacent one; the caller knows which steps were used before.
    ///
    /// # Errors
    /// `Internal` if the secret cannot be decrypted: it was encrypted for another user, or
    /// with a key that is missing.
    fn check(
        &self,
        user: UserId,
        sealed: &[u8],
        code: &str,
        now: Timestamp,
    ) -> Result<Option<i64>, PortError>;
}
