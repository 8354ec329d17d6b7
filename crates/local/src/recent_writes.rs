//! Who has changed something recently, within one process.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use accunode_domain::id::UserId;
use accunode_ports::{PortError, recent_writes::RecentWrites};
use async_trait::async_trait;

/// The largest number of users of whom each is remembered. If more of them change something at
/// once, everyone counts as one who has.
const MOST: usize = 100_000;

/// The memory of recent changes, limited in size.
#[derive(Debug)]
pub struct LocalRecentWrites {
    window: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    until: HashMap<UserId, Instant>,
    /// Until when everyone counts.
    everyone_until: Option<Instant>,
}

impl LocalRecentWrites {
    /// Creates an empty memory that remembers a change for this time.
    #[must_use]
    pub fn new(window: Duration) -> Self {
        Self {
            window,
            state: Mutex::default(),
        }
    }
}

impl State {
    fn note(&mut self, user: UserId, now: Instant, until: Instant, most: usize) {
        if self.until.len() >= most && !self.until.contains_key(&user) {
            self.until.retain(|_, until| now < *until);
            if self.until.len() >= most {
                self.everyone_until = Some(until);
                return;
            }
        }
        self.until.insert(user, until);
    }

    fn contains(&self, user: UserId, now: Instant) -> bool {
        let own = self.until.get(&user);
        [own, self.everyone_until.as_ref()]
            .into_iter()
            .flatten()
            .any(|until| now < *until)
    }
}

#[async_trait]
impl RecentWrites for LocalRecentWrites {
    async fn note(&self, user: UserId) -> Result<(), PortError> {
        let now = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.note(user, now, now + self.window, MOST);
        Ok(())
    }

    async fn wrote_recently(&self, user: UserId) -> Result<bool, PortError> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(state.contains(user, Instant::now()))
    }

    /// It lives as long as the process that asks.
    async fn incarnation(&self) -> Result<String, PortError> {
        Ok("this process".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn full_memory_counts_every_user_as_recent() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let user = |n| UserId(Uuid::from_u128(n));
        let mut state = State::default();
        for n in 1..=3 {
            state.note(user(n), now, now + second, 3);
        }
        assert!(!state.contains(user(9), now));
        state.note(user(4), now, now + second, 3);
        assert!((1..=9).all(|n| state.contains(user(n), now)));
        let later = now + second;
        state.note(user(5), later, later + second, 3);
        assert!(state.contains(user(5), later));
        assert!(!(1..=4).any(|n| state.contains(user(n), later)));
        assert_eq!(state.until.len(), 1, "what has expired is removed");
    }
}
