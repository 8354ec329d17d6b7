//! API keys that were valid recently, so that only other keys consume from the budget for
//! guesses.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use accunode_domain::{Timestamp, secret::SecretHash};
use time::Duration;

/// How long a key counts as known after it was last valid.
const KNOWN_FOR: Duration = Duration::days(7);
/// The largest number of known keys; the key whose last use is oldest is removed first.
const MOST: usize = 50_000;

/// The hashes of API keys that were valid recently, in this process. Being among them gives
/// no right: the database is still asked about each request. It only bypasses the budget of
/// the address, so that a flood of wrong keys from an address cannot lock out others who
/// share it.
#[derive(Clone, Default)]
pub struct KnownKeys(Arc<Mutex<HashMap<SecretHash, Timestamp>>>);

impl KnownKeys {
    pub(super) fn contains(&self, key: &SecretHash, now: Timestamp) -> bool {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(key).is_some_and(|at| now - *at < KNOWN_FOR)
    }

    pub(super) fn add(&self, key: SecretHash, now: Timestamp) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MOST && !keys.contains_key(&key) {
            let mut times: Vec<_> = keys.values().copied().collect();
            let (_, &mut bound, _) = times.select_nth_unstable(MOST / 4);
            keys.retain(|_, at| *at > bound);
        }
        keys.insert(key, now);
    }

    pub(super) fn remove(&self, key: &SecretHash) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.remove(key);
    }
}

impl std::fmt::Debug for KnownKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KnownKeys").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use accunode_domain::secret::Secret;

    use super::*;

    fn hash(n: usize) -> SecretHash {
        Secret::shown(&format!("ak_{n}")).hash()
    }

    #[test]
    fn valid_key_is_remembered_for_a_limited_time_and_in_bounded_memory() {
        let keys = KnownKeys::default();
        let now = Timestamp::UNIX_EPOCH;
        for n in 0..MOST + 10 {
            let at = now + Duration::seconds(n as i64);
            keys.add(hash(n), at);
        }
        assert!(keys.0.lock().unwrap().len() <= MOST);
        let last = MOST + 9;
        let then = now + Duration::seconds(last as i64);
        assert!(keys.contains(&hash(last), then));
        assert!(!keys.contains(&hash(0), then));
        assert!(!keys.contains(&hash(last), then + KNOWN_FOR));
        keys.remove(&hash(last));
        assert!(!keys.contains(&hash(last), then));
    }
}
