//! Secrets that are shown once: long, random, and stored only as their SHA-256.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// A secret as its holder has it: a few letters for its purpose, `_`, and 64 hexadecimal
/// digits. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Creates a secret from 256 random bits.
    #[must_use]
    pub fn from_random(kind: &str, bits: [u8; 32]) -> Self {
        Self(format!("{kind}_{}", hex::encode(bits)))
    }

    /// Wraps a text that a caller presented. A text that cannot be a secret has a hash that is
    /// not stored.
    #[must_use]
    pub fn shown(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// Returns the secret that replaces this one: the same for the same salt, so that it can be
    /// sent again without being stored. This secret alone, or the salt and the stored hashes
    /// alone, do not reveal it.
    #[must_use]
    pub fn successor(&self, kind: &str, salt: &[u8; 32]) -> Self {
        // HMAC accepts keys of every length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()) else {
            unreachable!("HMAC takes keys of every length")
        };
        mac.update(salt);
        mac.update(kind.as_bytes());
        Self::from_random(kind, mac.finalize().into_bytes().into())
    }

    /// Returns the secret itself, for its holder only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the hash that is stored. 256 bits cannot be guessed, so a slow hash would not
    /// protect more.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(hex::encode(Sha256::digest(self.0.as_bytes())))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The SHA-256 of a [`Secret`], 64 hexadecimal digits. Its `Debug` shows nothing either,
/// because hashes do not belong in a log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SecretHash(String);

impl SecretHash {
    /// Returns the hash as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_is_found_by_its_hash_and_hidden_in_debug_output() {
        let secret = Secret::from_random("inv", [0xab; 32]);
        assert_eq!(secret.expose().len(), 4 + 64);
        let typed = Secret::shown(&format!(" {}\n", secret.expose()));
        assert_eq!(typed.hash(), secret.hash());
        assert_eq!(secret.hash().as_str().len(), 64);
        let shown = format!("{secret:?} {:?}", secret.hash());
        assert_eq!(shown, "Secret(…) SecretHash(…)");
    }

    #[test]
    fn a_successor_depends_on_secret_kind_and_salt() {
        let secret = Secret::from_random("rt", [1; 32]);
        let next = secret.successor("rt", &[2; 32]);
        assert_eq!(next, secret.successor("rt", &[2; 32]));
        assert!(next.expose().starts_with("rt_") && next.expose().len() == 67);
        let at = secret.successor("at", &[2; 32]);
        assert_ne!(at.expose()[3..], next.expose()[3..]);
        for other in [
            secret.successor("rt", &[3; 32]),
            Secret::from_random("rt", [4; 32]).successor("rt", &[2; 32]),
            secret.clone(),
        ] {
            assert_ne!(other, next);
        }
    }
}
