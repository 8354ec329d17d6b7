//! Guessing passwords and codes: who fails again and again waits longer and longer.
//!
//! Three things are counted, each against another way of guessing:
//!
//! - the *pair* of an account and an address: [`Rules::free`] tries, then a wait that
//!   doubles with each further failure up to [`Rules::longest_wait`];
//! - the *address*, over all accounts: a budget of failures, so that no one tries one
//!   password on everyone;
//! - the *account*, over all addresses from which no one has signed in to it before: a
//!   budget, too. Where it is used up, an address
//!   from which no one has signed in to the account before waits
//!   [`Rules::slow_wait`] before its first try and has no more than that one free.
//!   That is a wait of its own and no gate that strangers could keep shut: the owner
//!   gets in after it, and at once where they have signed in before.
//!
//! An account that does not exist is counted like one that does.

use std::net::IpAddr;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::{PortError, limits};

/// What is guessed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    /// A password, by anyone who knows an e-mail address.
    Password,
    /// A code of the second factor, by someone who knows the password: counted by the
    /// account alone, since strangers do not come so far.
    SecondFactor,
}

/// One try to prove who one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What is guessed at.
    pub guess: Guess,
    account: String,
    address: String,
}

/// What is told to someone who wants to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// They may. The try counts as a failure until [`Throttle::succeeded`] says otherwise.
    Go,
    /// Not before so many seconds, at least one. Asking costs nothing.
    Wait(u32),
}

/// A budget of failures that fills again: `each` for one, `window` for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureBudget {
    /// Milliseconds after which there is one more.
    pub each: i64,
    /// Milliseconds after which it is full.
    pub window: i64,
}

/// The numbers, in milliseconds where they are times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Tries that need no wait.
    pub free: u32,
    /// The wait after those; each further one is twice as long.
    pub first_wait: i64,
    /// The longest wait.
    pub longest_wait: i64,
    /// When failures are forgotten.
    pub forget_after: i64,
    /// How long it is remembered that someone signed in from an address.
    pub known_for: i64,
    /// The wait of strangers to an account whose budget is used up.
    pub slow_wait: i64,
    /// Failures of an account over all addresses; `None` where they are not counted.
    pub account: Option<FailureBudget>,
    /// Failures of an address over all accounts.
    pub address: Option<FailureBudget>,
}

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;

impl Guess {
    /// The name in keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::SecondFactor => "second_factor",
        }
    }

    /// The numbers for this kind of guessing.
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
    /// The wait after so many failures of one pair.
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
    /// To sign in as `email`, whatever that is, from `address`.
    #[must_use]
    pub fn password(email: &str, address: Option<IpAddr>) -> Self {
        Self {
            guess: Guess::Password,
            account: email.trim().to_lowercase(),
            address: limits::principal(address),
        }
    }

    /// To show the second factor of this account.
    #[must_use]
    pub fn second_factor(account: impl std::fmt::Display) -> Self {
        Self {
            guess: Guess::SecondFactor,
            account: account.to_string(),
            address: String::new(),
        }
    }

    /// What the pair, the account and the address are counted under: their hashes,
    /// since an e-mail address tried may be of any length and anyone's.
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

/// The memory of failures. Where it is out of reach no one may try: an error is never
/// taken for leave.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Throttle: Send + Sync {
    /// Asks for leave to try, before anything is looked up or hashed.
    async fn admit(&self, attempt: &Attempt) -> Result<Admission, PortError>;
    /// Forgives the failures of the pair, and takes the last try back from the budgets.
    async fn succeeded(&self, attempt: &Attempt) -> Result<(), PortError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end_at_the_longest() {
        let rules = Guess::Password.rules();
        assert_eq!(rules.wait_after(4), 0);
        assert_eq!(rules.wait_after(5), 2_000);
        assert_eq!(rules.wait_after(7), 8_000);
        assert_eq!(rules.wait_after(40), 900_000);
        assert_eq!(rules.wait_after(u32::MAX), 900_000);
    }

    #[test]
    fn an_account_is_the_same_however_its_address_is_written() {
        let a = Attempt::password(" Ada@Example.com", None);
        assert_eq!(a.keys(), Attempt::password("ada@example.com", None).keys());
        let elsewhere = Attempt::password("ada@example.com", Some([192, 0, 2, 1].into()));
        assert_eq!(a.keys()[1], elsewhere.keys()[1]);
        assert_ne!(a.keys()[0], elsewhere.keys()[0]);
        assert!(a.keys().iter().all(|key| !key.contains("ada")));
    }
}
