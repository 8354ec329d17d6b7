//! The contract of each port, as tests: an adapter's own tests call them with a fresh store
//! and its clock. They fail by panicking.

pub mod cache;
pub mod limits;
pub mod recent_writes;
pub mod sessions;
pub mod throttle;

use std::sync::{Mutex, PoisonError};

use accunode_domain::Timestamp;
use time::Duration;

use crate::system::Clock;

/// A clock that only advances when a test advances it.
#[derive(Debug)]
pub struct TestClock(Mutex<Timestamp>);

impl TestClock {
    /// Advances the clock by this number of seconds, which may be negative.
    pub fn advance(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now += Duration::seconds(seconds);
    }
}

impl Default for TestClock {
    /// 14 November 2023, 22:13:20 UTC.
    fn default() -> Self {
        Self(Mutex::new(
            Timestamp::UNIX_EPOCH + Duration::seconds(1_700_000_000),
        ))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
