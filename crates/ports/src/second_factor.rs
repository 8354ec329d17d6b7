//! Time-based codes, and the secrets they are made of.

use accunode_domain::{Timestamp, id::UserId, user::Email};

use crate::PortError;

/// A secret that was just made, for its user alone. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct Enrolment {
    /// As it is stored: encrypted, for this user only.
    pub sealed: Vec<u8>,
    /// As a user types it into their device, in base32.
    pub secret: String,
    /// As their device reads it from a picture (`otpauth://`).
    pub uri: String,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Enrolment(…)")
    }
}

/// Makes secrets and checks codes. Quick: nothing is awaited.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait CodeDevice: Send + Sync {
    /// A new secret of these random bits.
    ///
    /// # Errors
    /// `Internal` where it cannot be sealed.
    fn enrol(&self, user: UserId, email: &Email, bits: [u8; 32]) -> Result<Enrolment, PortError>;
    /// The time step that this code of six digits belongs to, where it is one of now or of
    /// the steps beside; which of them was used before is the caller's to know.
    ///
    /// # Errors
    /// `Internal` where the secret cannot be opened: it was sealed for another user, or
    /// with a key that is not there any more.
    fn check(
        &self,
        user: UserId,
        sealed: &[u8],
        code: &str,
        now: Timestamp,
    ) -> Result<Option<i64>, PortError>;
}
