//! Time-based codes, with secrets that only this service's key decrypts.

use accunode_domain::{Timestamp, id::UserId, user::Email};
use accunode_ports::{
    PortError,
    error::Cause,
    second_factor::{CodeDevice, Enrolment},
};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    error::Unspecified,
};
use totp_rs::{Builder, Totp};

/// The name of the issuer that the user's device displays.
const ISSUER: &str = "AccuNode";
/// Bytes of a secret: 160 bits, as RFC 4226 advises.
const SECRET: usize = 20;
/// The format of the encrypted secret: this byte, the nonce, the ciphertext with its tag.
const FORM: u8 = 1;

/// A key of 256 bits that encrypts secrets. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct SealingKey([u8; 32]);

impl SealingKey {
    /// Creates a key of these bits.
    #[must_use]
    pub const fn new(bits: [u8; 32]) -> Self {
        Self(bits)
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

/// Codes of six digits that change every 30 seconds (RFC 6238), as every authenticator shows
/// them. Secrets are encrypted with AES-256-GCM for one user: moved to another user's row
/// they cannot be decrypted.
pub struct TotpDevice {
    /// The first key encrypts, all of them decrypt.
    keys: Vec<LessSafeKey>,
}

impl TotpDevice {
    /// Creates it with these keys: the first encrypts, and the others decrypt older secrets.
    ///
    /// # Errors
    /// `Internal` without any key.
    pub fn new(keys: &[SealingKey]) -> Result<Self, PortError> {
        let keys: Vec<LessSafeKey> = keys
            .iter()
            .map(|key| UnboundKey::new(&AES_256_GCM, &key.0).map(LessSafeKey::new))
            .collect::<Result<_, _>>()
            .map_err(unspecified)?;
        if keys.is_empty() {
            return Err(internal("there is no key to seal secrets with"));
        }
        Ok(Self { keys })
    }

    fn open(&self, user: UserId, sealed: &[u8]) -> Option<Vec<u8>> {
        let (form, rest) = sealed.split_first()?;
        let (nonce, text) = rest.split_at_checked(NONCE_LEN)?;
        if *form != FORM {
            return None;
        }
        self.keys.iter().find_map(|key| {
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let mut text = text.to_vec();
            let plain = key.open_in_place(nonce, aad(user), &mut text).ok()?;
            Some(plain.to_vec())
        })
    }
}

fn aad(user: UserId) -> Aad<[u8; 16]> {
    Aad::from(*user.0.as_bytes())
}

impl std::fmt::Debug for TotpDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TotpDevice")
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

impl CodeDevice for TotpDevice {
    fn enrol(&self, user: UserId, email: &Email, bits: [u8; 32]) -> Result<Enrolment, PortError> {
        let (secret, nonce) = bits.split_at(SECRET);
        let totp = Builder::new()
            .with_secret(secret)
            .with_account_name(email.as_str())
            .with_issuer(Some(ISSUER))
            .build()
            .map_err(|error| internal(error.to_string()))?;
        // The nonce is random for each secret: a repetition of 96 bits is negligible among so
        // few secrets.
        let mut sealed = secret.to_vec();
        let key = self.keys.first().ok_or_else(|| internal("no key"))?;
        let unique = Nonce::try_assume_unique_for_key(nonce).map_err(unspecified)?;
        key.seal_in_place_append_tag(unique, aad(user), &mut sealed)
            .map_err(unspecified)?;
        Ok(Enrolment {
            sealed: [&[FORM], nonce, &sealed].concat(),
            secret: totp.secret().to_base32(),
            uri: totp.to_url().map_err(|error| internal(error.to_string()))?,
        })
    }

    fn check(
        &self,
        user: UserId,
        sealed: &[u8],
        code: &str,
        now: Timestamp,
    ) -> Result<Option<i64>, PortError> {
        let secret = self
            .open(user, sealed)
            .ok_or_else(|| internal("a second factor was sealed with a key that is not there"))?;
        let totp: Totp = Builder::new()
            .with_secret(secret)
            .build()
            .map_err(|error| internal(error.to_string()))?;
        let seconds = u64::try_from(now.unix_timestamp()).map_err(internal)?;
        Ok(totp
            .check(code, seconds)
            .and_then(|step| i64::try_from(step).ok()))
    }
}

/// The library intentionally reports no details of a failure.
fn unspecified(_: Unspecified) -> PortError {
    internal("the cipher failed")
}

fn internal(cause: impl Into<Cause>) -> PortError {
    PortError::Internal {
        what: "second factor",
        cause: cause.into(),
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use uuid::Uuid;

    use super::*;

    fn device(keys: &[u8]) -> TotpDevice {
        let keys: Vec<_> = keys.iter().map(|n| SealingKey::new([*n; 32])).collect();
        TotpDevice::new(&keys).unwrap()
    }

    fn enrolled(device: &TotpDevice, user: u128) -> Enrolment {
        let email = Email::parse("/email", "ana@example.com").unwrap();
        let mut bits = [0; 32];
        bits[..SECRET].copy_from_slice(b"12345678901234567890");
        device
            .enrol(UserId(Uuid::from_u128(user)), &email, bits)
            .unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::seconds(seconds)
    }

    #[test]
    fn totp_codes_match_rfc_6238() {
        let device = device(&[1]);
        let sealed = enrolled(&device, 7).sealed;
        let user = UserId(Uuid::from_u128(7));
        let check = |code, seconds| device.check(user, &sealed, code, at(seconds)).unwrap();
        // The test values of appendix B, of which these are the last six digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(check(code, seconds), Some(seconds / 30), "{code}");
        }
        assert_eq!(check("287082", 59 + 30), Some(1), "one step late");
        assert_eq!(check("287082", 59 + 61), None, "too late");
        assert_eq!(check("000000", 59), None);
        assert_eq!(check("", 59), None);
    }

    #[test]
    fn sealed_secret_opens_only_for_its_user_and_key() {
        let sealed = enrolled(&device(&[1]), 7).sealed;
        let opens = |keys: &[u8], user: u128, sealed: &[u8]| {
            device(keys)
                .check(UserId(Uuid::from_u128(user)), sealed, "287082", at(59))
                .is_ok()
        };
        assert!(opens(&[1], 7, &sealed));
        assert!(
            opens(&[2, 1], 7, &sealed),
            "a new key in front of the old one"
        );
        assert!(!opens(&[2], 7, &sealed), "another key");
        assert!(!opens(&[1], 8, &sealed), "another user");
        let mut bent = sealed.clone();
        bent[20] ^= 1;
        assert!(!opens(&[1], 7, &bent), "changed");
        assert!(!opens(&[1], 7, b""), "nothing");
    }

    #[test]
    fn sealed_secret_does_not_contain_the_plain_secret() {
        let made = enrolled(&device(&[1]), 7);
        assert!(!made.sealed.windows(8).any(|part| part == b"12345678"));
        assert_eq!(made.secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(
            made.uri
                .starts_with("otpauth://totp/AccuNode:ana%40example.com?"),
            "{}",
            made.uri
        );
    }
}
