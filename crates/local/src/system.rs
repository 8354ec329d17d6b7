//! Time, ids and randomness as the machine has them.

use accunode_domain::Timestamp;
use accunode_ports::system::{Clock, IdSource, Randomness};
use uuid::Uuid;

/// The machine's clock, in microseconds: what is answered is what is stored.
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
    fn later_ids_sort_later() {
        let ids: Vec<_> = (0..10_000).map(|_| UuidV7Ids.new_id()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
    }
}
