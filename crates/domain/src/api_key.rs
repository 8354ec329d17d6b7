//! API keys: credentials for programs, with no more rights than their owner.

use std::collections::BTreeSet;

use time::Duration;

use crate::{
    Timestamp,
    access::KeyScope,
    fault::Fault,
    id::{ApiKeyId, OrganizationId, UserId},
    secret::Secret,
    text::clean_text,
};

/// The first characters of a key's secret.
pub const SECRET_KIND: &str = "ak";
/// Characters of a secret that are shown, to distinguish keys.
const SHOWN: usize = 11;
/// The largest number of keys that one user may have at a time.
pub const MOST_KEYS: usize = 25;
/// How long the previous secret stays valid after a rotation by default, in seconds.
pub const OVERLAP_SECONDS: i64 = 24 * 60 * 60;
/// The longest such overlap, in seconds.
pub const LONGEST_OVERLAP_SECONDS: i64 = 7 * OVERLAP_SECONDS;
/// The resolution of the time of a key's last use, in seconds.
pub const LAST_USED_SECONDS: i64 = 60;

/// An API key as stored. The hash of its secret never leaves the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The owner. The key ends with their account.
    pub owner: UserId,
    /// The organization that the key is restricted to.
    pub organization: Option<OrganizationId>,
    /// The name that its owner gave it, at most 100 characters.
    pub name: String,
    /// The first characters of its secret.
    pub prefix: String,
    /// Its scopes, each once.
    pub scopes: Vec<KeyScope>,
    /// When the key expires.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to within [`LAST_USED_SECONDS`].
    pub last_used_at: Option<Timestamp>,
    /// Until when the secret before the last rotation is valid.
    pub previous_until: Option<Timestamp>,
    /// When the key was created.
    pub created_at: Timestamp,
}

/// The checked properties of a new key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyTerms {
    /// The name that its owner gave it.
    pub name: String,
    /// Its scopes.
    pub scopes: Vec<KeyScope>,
    /// The organization that the key is restricted to.
    pub organization: Option<OrganizationId>,
    /// When the key expires.
    pub expires_at: Option<Timestamp>,
}

impl KeyTerms {
    /// Checks the requested properties.
    ///
    /// # Errors
    /// Every fault: `/name` as in [`clean_text`], `/scopes` `required`, `/expires_at`
    /// `not_in_future`.
    pub fn check(
        name: &str,
        scopes: &[KeyScope],
        organization: Option<OrganizationId>,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let name = clean_text("/name", name, 100)
            .map_err(|fault| faults.push(fault))
            .unwrap_or_default();
        let scopes: BTreeSet<KeyScope> = scopes.iter().copied().collect();
        if scopes.is_empty() {
            let detail = "a key needs at least one scope";
            faults.push(Fault::new("/scopes", "required", detail));
        }
        if expires_at.is_some_and(|at| at <= now) {
            let detail = "must be in the future; leave it out for a key that does not expire";
            faults.push(Fault::new("/expires_at", "not_in_future", detail));
        }
        if faults.is_empty() {
            Ok(Self {
                name,
                scopes: scopes.into_iter().collect(),
                organization,
                expires_at,
            })
        } else {
            Err(faults)
        }
    }
}

/// Returns how long the current secret stays valid beside the next one.
///
/// # Errors
/// `/overlap_seconds` `out_of_range` outside 0 to [`LONGEST_OVERLAP_SECONDS`].
pub fn overlap(seconds: Option<i64>) -> Result<Duration, Fault> {
    let seconds = seconds.unwrap_or(OVERLAP_SECONDS);
    if (0..=LONGEST_OVERLAP_SECONDS).contains(&seconds) {
        return Ok(Duration::seconds(seconds));
    }
    Err(Fault::new(
        "/overlap_seconds",
        "out_of_range",
        format!("{seconds} is not within 0 and {LONGEST_OVERLAP_SECONDS} (7 days)"),
    ))
}

/// Returns the part of a secret that is shown: 32 of its 256 bits.
#[must_use]
pub fn shown_prefix(secret: &Secret) -> String {
    secret.expose().chars().take(SHOWN).collect()
}

/// Returns whether a token has the prefix of a key's secret.
#[must_use]
pub fn looks_like_key(token: &str) -> bool {
    token
        .strip_prefix(SECRET_KIND)
        .is_some_and(|rest| rest.starts_with('_'))
}

/// Returns whether a token has the form of a key's secret. A token of another form belongs
/// to no key, so that storage need not be asked.
#[must_use]
pub fn has_key_form(token: &str) -> bool {
    token
        .strip_prefix(SECRET_KIND)
        .and_then(|rest| rest.strip_prefix('_'))
        .is_some_and(|digits| {
            let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
            digits.len() == 64 && digits.bytes().all(lower_hex)
        })
}

impl ApiKey {
    /// Returns whether the key has expired.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// Returns whether the time of its last use is to be stored again.
    #[must_use]
    pub fn note_use(&self, now: Timestamp) -> bool {
        self.last_used_at
            .is_none_or(|at| now - at >= Duration::seconds(LAST_USED_SECONDS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::hours(12)
    }

    #[test]
    fn invalid_key_terms_report_every_field() {
        let faults = KeyTerms::check(" ", &[], None, Some(noon()), noon()).unwrap_err();
        let codes: Vec<_> = faults
            .iter()
            .map(|fault| (fault.pointer.as_str(), fault.code.as_str()))
            .collect();
        assert_eq!(
            codes,
            [
                ("/name", "required"),
                ("/scopes", "required"),
                ("/expires_at", "not_in_future")
            ]
        );
        let twice = [KeyScope::Score, KeyScope::Read, KeyScope::Score];
        let terms = KeyTerms::check(" nightly ", &twice, None, None, noon()).unwrap();
        assert_eq!(terms.name, "nightly");
        assert_eq!(terms.scopes, [KeyScope::Read, KeyScope::Score]);
    }

    #[test]
    fn old_secret_overlaps_one_day_by_default_and_at_most_a_week() {
        assert_eq!(overlap(None), Ok(Duration::DAY));
        assert_eq!(overlap(Some(0)), Ok(Duration::ZERO));
        assert_eq!(overlap(Some(604_800)), Ok(Duration::WEEK));
        for wrong in [-1, 604_801] {
            assert_eq!(overlap(Some(wrong)).unwrap_err().code, "out_of_range");
        }
    }

    #[test]
    fn key_prefix_identifies_the_key_and_form_is_checked() {
        let secret = Secret::from_random(SECRET_KIND, [0xab; 32]);
        assert_eq!(shown_prefix(&secret), "ak_abababab");
        assert!(looks_like_key(secret.expose()));
        assert!(!looks_like_key("at_abababab") && !looks_like_key("akabab"));
        assert!(has_key_form(secret.expose()));
        for other in [
            "ak_abababab".to_owned(),
            secret.expose().to_uppercase(),
            format!("{}0", secret.expose()),
            format!("at_{}", "a".repeat(64)),
            format!("ak_{}", "g".repeat(64)),
            format!("ak_{}", "é".repeat(32)),
        ] {
            assert!(!has_key_form(&other), "{other}");
        }
    }
}
