//! Limits on guessing passwords and codes: the wait grows with each failure.
//!
//! Three counters limit three ways of guessing:
//!
//! - the *pair* of an account and an address: [`Rules::free`] tries, then a wait that
//!   doubles with each further failure up to [`Rules::longest_wait`];
//! - the *address*, over all accounts: a budget of failures, so that one password cannot be
//!   tried on every account;
//! - the *account*, over all addresses from which no user has signed in to it before: also
//!   a budget. When it is used up, an address from which no user has signed in to the
//!   account before waits [`Rules::slow_wait`] before its first attempt and has only that
//!   one free attempt. Strangers cannot use this wait to lock the owner out: the owner can
//!   sign in after it, and at once from an address that they used before.
//!
//! An account that does not exist is counted like an existing one.

use std::net::IpAddr;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::{PortError, limits};

/// The kind of secret that is guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    /// A password, guessed by anyone who knows an e-mail address.
    Password,
    /// A code of the second factor, guessed by someone who knows the password. It is
    /// counted by account only, since others do not reach this step.
    SecondFactor,
}

/// One attempt to prove an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The kind of secret.
    pub guess: Guess,
    account: String,
    address: String,
}

/// The answer to a request for an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The attempt is allowed. It counts as a failure until [`Throttle::succeeded`] is
    /// called.
    Go,
    /// The attempt is refused for this number of seconds, at least one. Asking costs
    /// nothing.
    Wait(u32),
}

/// A budget of failures that refills: `each` for one, `window` for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureBudget {
    /// Milliseconds until one more failure is allowed.
    pub each: i64,
    /// Milliseconds until the budget is full.
    pub window: i64,
}

/// The limits, in milliseconds where they are times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Attempts without a wait.
    pub free: u32,
    /// The wait after those; each further wait is twice as long.
    pub first_wait: i64,
    /// The longest wait.
    pub longest_wait: i64,
    /// The time after which failures are forgotten.
    pub forget_after: i64,
    /// How long it is remembered that a user signed in from an address.
    pub known_for: i64,
    /// The wait of unknown addresses for an account whose budget is used up.
    pub slow_wait: i64,
    /// The budget of an account over all addresses; `None` if failures are not counted by
    /// account.
    pub account: Option<FailureBudget>,
    /// The budget of an address over all accounts.
    pub address: Option<FailureBudget>,
}

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;

impl Guess {
    /// Returns the name in keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::SecondFactor => "second_factor",
        }
    }

    /// Returns the limits for this kind of secret.
    #[must_use]
    pub const fn rules(self) -> Rules {
        let strict = Rules {
            free: 5,
            first_wait: 2 * SECOND,
            longest_wait: 15 * MINUTE,
            forget_after: DAY,
            known_for: 90 * DAY,
            slow_wait: 10 * SECOND,
            account: None,
            address: None,
        };
        match self {
            Self::SecondFactor => strict,
            Self::Password => Rules {
                account: Some(FailureBudget {
                    each: 3 * MINUTE,
                    window: 20 * 3 * MINUTE,
                }),
                address: Some(FailureBudget {
                    each: 30 * SECOND,
                    window: 50 * 30 * SECOND,
                }),
                ..strict
            },
        }
    }
}

impl Rules {
    /// Returns the wait after this number of failures of one pair.
    #[must_use]
    pub fn wait_after(&self, failures: u32) -> i64 {
        match failures.checked_sub(self.free) {
            None => 0,
            Some(further) => self
                .first_wait
                .checked_shl(further.min(32))
                .map_or(self.longest_wait, |wait| wait.min(self.longest_wait)),
        }
    }
}

impl Attempt {
    /// Returns an attempt to sign in as `email`, which may be any text, from `address`.
    #[must_use]
    pub fn password(email: &str, address: Option<IpAddr>) -> Self {
        Self {
            guess: Guess::Password,
            account: email.trim().to_lowercase(),
            address: limits::principal(address),
        }
    }

    /// Returns an attempt to present the second factor of this account.
    #[must_use]
    pub fn second_factor(account: impl std::fmt::Display) -> Self {
        Self {
            guess: Guess::SecondFactor,
            account: account.to_string(),
            address: String::new(),
        }
    }

    /// Returns the keys of the pair, the account and the address: hashes, because the
    /// e-mail address of an attempt may be of any length and belong to anyone.
    #[must_use]
    pub fn keys(&self) -> [String; 3] {
        let guess = self.guess.as_str();
        let key = |what: &str, parts: [&str; 2]| {
            let text = format!("{guess}\n{what}\n{}\n{}", parts[0], parts[1]);
            hex::encode(Sha256::digest(text.as_bytes()))
        };
        [
            key("pair", [&self.account, &self.address]),
            key("account", [&self.account, ""]),
            key("address", ["", &self.address]),
        ]
    }
}

/// The store of failures. If it is unavailable, no attempt is allowed: an error is never
/// taken for permission.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Throttle: Send + Sync {
    /// Asks whether an attempt is allowed, before anything is looked up or hashed.
    async fn admit(&self, attempt: &Attempt) -> Result<Admission, PortError>;
    /// Resets the failures of the pair, and returns the last attempt to the budgets.
    async fn succeeded(&self, attempt: &Attempt) -> Result<(), PortError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_doubles_up_to_the_maximum() {
        let rules = Guess::Password.rules();
        assert_eq!(rules.wait_after(4), 0);
        assert_eq!(rules.wait_after(5), 2_000);
        assert_eq!(rules.wait_after(7), 8_000);
        assert_eq!(rules.wait_after(40), 900_000);
        assert_eq!(rules.wait_after(u32::MAX), 900_000);
    }

    #[test]
    fn throttle_key_ignores_the_spelling_of_an_address() {
        let a = Attempt::password(" Ada@Example.com", None);
        assert_eq!(a.keys(), Attempt::password("ada@example.com", None).keys());
        let elsewhere = Attempt::password("ada@example.com", Some([192, 0, 2, 1].into()));
        assert_eq!(a.keys()[1], elsewhere.keys()[1]);
        assert_ne!(a.keys()[0], elsewhere.keys()[0]);
        assert!(a.keys().iter().all(|key| !key.contains("ada")));
    }
}
