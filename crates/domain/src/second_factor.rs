//! Second factors: time-based codes (RFC 6238), and recovery codes for a user who has lost
//! the device that shows them.

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoStaticStr, VariantArray};
use time::Duration;

use crate::{
    fault::text_enum,
    secret::{Secret, SecretHash},
};

/// The number of recovery codes that a user receives.
pub const RECOVERY_CODES: usize = 10;
/// How long a login with a correct password waits for its second factor.
pub const CHALLENGE_LIFETIME: Duration = Duration::minutes(5);
/// How many codes may be tried for one such login.
pub const CHALLENGE_ATTEMPTS: i16 = 5;

/// The shortest time between two mails to the administrators who may approve a user's
/// second factor, however often it is enrolled.
pub const APPROVERS_TOLD_APART: Duration = Duration::hours(1);

/// 32 letters and digits that are not easily confused.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Characters of a recovery code: 120 random bits, too many to guess even with a fast hash.
const LENGTH: usize = 24;

/// The decision of an administrator about a second factor.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    EnumCount,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Decision {
    /// The device is the user's, and is required from now on.
    Approve,
    /// The device is not the user's, or this could not be verified.
    Refuse,
}

text_enum!(Decision);

/// A code as a user enters it. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub enum Code {
    /// Six digits of the device.
    Totp(String),
    /// A recovery code.
    Recovery(RecoveryCode),
}

impl Code {
    /// Reads what was entered, without spaces and hyphens; small letters count as capitals.
    #[must_use]
    pub fn typed(text: &str) -> Self {
        let plain: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .take(LENGTH + 1)
            .collect();
        if plain.len() == 6 && plain.bytes().all(|b| b.is_ascii_digit()) {
            Self::Totp(plain)
        } else {
            Self::Recovery(RecoveryCode(plain.to_uppercase()))
        }
    }

    /// Returns the kind of code, for the audit log.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Totp(_) => "totp",
            Self::Recovery(_) => "recovery_code",
        }
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Code({})", self.kind())
    }
}

/// A recovery code, valid once: 120 random bits. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// Creates a code from random bits, of which it uses the first 120.
    #[must_use]
    pub fn from_random(bits: [u8; 32]) -> Self {
        let number = bits[..15]
            .iter()
            .fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        let digit = |at: usize| ALPHABET[(number >> (5 * at) & 31) as usize];
        Self((0..LENGTH).map(|at| char::from(digit(at))).collect())
    }

    /// Returns the code as it is shown to the user: six groups of four.
    #[must_use]
    pub fn expose(&self) -> String {
        let groups: Vec<&str> = (0..LENGTH / 4)
            .map(|at| &self.0[4 * at..4 * at + 4])
            .collect();
        groups.join("-")
    }

    /// Returns the hash that is stored. 120 bits cannot be guessed, so a slow hash would
    /// not protect more.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        Secret::shown(&self.0).hash()
    }
}

impl std::fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_code_is_recognized_in_any_typing_and_not_shown() {
        let code = RecoveryCode::from_random([0x5a; 32]);
        let text = code.expose();
        assert_eq!(text.len(), 29);
        for typed in [text.clone(), text.to_lowercase(), text.replace('-', " ")] {
            assert_eq!(Code::typed(&typed), Code::Recovery(code.clone()), "{typed}");
        }
        assert_ne!(code.hash(), RecoveryCode::from_random([0x5b; 32]).hash());
        assert!(!format!("{code:?} {:?}", Code::typed(&text)).contains(&text[..4]));
    }

    #[test]
    fn six_digit_code_is_a_totp_code() {
        assert_eq!(Code::typed(" 123 456 "), Code::Totp("123456".to_owned()));
        assert_eq!(Code::typed("12345").kind(), "recovery_code");
        assert_eq!(Code::typed(&"é".repeat(1_000)).kind(), "recovery_code");
    }
}
