//! The machine's time, ids and randomness.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use accunode_domain::Timestamp;
use accunode_ports::system::{Clock, IdSource, Randomness};
use time::Duration;
use uuid::Uuid;

/// The machine's clock, in microseconds, so that a returned time equals the stored one.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everyone else is given"
    )]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now_utc();
        let whole = now.nanosecond() / 1_000 * 1_000;
        now.replace_nanosecond(whole).unwrap_or(now)
    }
}

/// The machine's clock, which can be put forward, for tests of expiry.
#[derive(Clone, Debug, Default)]
pub struct AdvancingClock {
    /// The offset from the machine's clock, in microseconds.
    ahead: Arc<AtomicI64>,
}

impl AdvancingClock {
    /// The largest total offset, in seconds: ten years.
    pub const MOST_SECONDS: u32 = 10 * 366 * 24 * 60 * 60;

    /// Puts the clock, and every clone of it, forward by this number of seconds. Returns
    /// the new time.
    ///
    /// # Errors
    /// If the offset would exceed [`Self::MOST_SECONDS`]; then the clock stays as it is.
    pub fn advance(&self, seconds: u32) -> Result<Timestamp, AdvancedTooFar> {
        let most = i64::from(Self::MOST_SECONDS) * 1_000_000;
        let more = i64::from(seconds) * 1_000_000;
        self.ahead
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |ahead| {
                Some(ahead + more).filter(|ahead| *ahead <= most)
            })
            .map_err(|_| AdvancedTooFar)?;
        Ok(self.now())
    }
}

/// The error for an offset that is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the clock can be put forward by {} seconds altogether",
    AdvancingClock::MOST_SECONDS
)]
pub struct AdvancedTooFar;

impl Clock for AdvancingClock {
    fn now(&self) -> Timestamp {
        let ahead = Duration::microseconds(self.ahead.load(Ordering::Relaxed));
        SystemClock.now().saturating_add(ahead)
    }
}

/// UUIDs version 7, in order also within one millisecond.
#[derive(Clone, Copy, Debug, Default)]
pub struct UuidV7Ids;

impl IdSource for UuidV7Ids {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the source of ids that everyone else is given"
    )]
    fn new_id(&self) -> Uuid {
        // One counter for the whole process: a later id always sorts later.
        Uuid::now_v7()
    }
}

/// The operating system's generator, through one that is seeded from it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn bits(&self) -> [u8; 32] {
        rand::random()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_creation_time() {
        let ids: Vec<_> = (0..10_000).map(|_| UuidV7Ids.new_id()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
    }
}
