//! Secrets that are shown once: long and random, and kept as their SHA-256 only.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// A secret as its holder has it: a few letters that say what it is for, `_`, and 64
/// hexadecimal digits. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// From 256 random bits.
    #[must_use]
    pub fn from_random(kind: &str, bits: [u8; 32]) -> Self {
        Self(format!("{kind}_{}", hex::encode(bits)))
    }

    /// As a user shows it. What cannot be one has a hash that no one has stored.
    #[must_use]
    pub fn shown(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The secret that takes the place of this one: the same for the same salt, so that it can
    /// be told again without being kept. This secret alone, or the salt and the hashes that are
    /// stored alone, do not give it away.
    #[must_use]
    pub fn successor(&self, kind: &str, salt: &[u8; 32]) -> Self {
        // HMAC takes keys of every length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()) else {
            unreachable!("HMAC takes keys of every length")
        };
        mac.update(salt);
        mac.update(kind.as_bytes());
        Self::from_random(kind, mac.finalize().into_bytes().into())
    }

    /// The secret itself, for its holder alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it. A slow hash would protect nothing: no one guesses 256 bits.
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

/// The SHA-256 of a [`Secret`], 64 hexadecimal digits. Its `Debug` shows nothing, either:
/// a hash has no place in a log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SecretHash(String);

impl SecretHash {
    /// As it is stored.
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
    fn a_secret_is_found_again_by_its_hash_and_shown_by_no_one() {
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
