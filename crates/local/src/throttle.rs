//! Failed logins, counted within one process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use accunode_ports::{
    PortError,
    system::Clock,
    throttle::{Admission, Attempt, FailureBudget, Guess, Rules, Throttle},
};
use async_trait::async_trait;

/// The largest number of pairs, accounts and addresses; those that expire next are removed
/// first.
const MOST: usize = 200_000;

/// The record of failures, limited in size.
pub struct LocalThrottle {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pairs: HashMap<String, Pair>,
    /// The time, in milliseconds, at which the budget of an account or address is full
    /// again.
    budgets: HashMap<String, i64>,
}

#[derive(Clone, Copy, Default)]
struct Pair {
    failures: u32,
    /// The earliest time of the next attempt.
    next: i64,
    /// Whether a user has signed in from this address.
    known: bool,
    tried_at: i64,
}

impl Pair {
    fn forgotten_at(&self, rules: &Rules) -> i64 {
        self.tried_at
            + if self.known {
                rules.known_for
            } else {
                rules.forget_after
            }
    }
}

impl LocalThrottle {
    /// Creates an empty record.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            state: Mutex::default(),
        }
    }

    fn now(&self) -> i64 {
        i64::try_from(self.clock.now().unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
    }
}

impl std::fmt::Debug for LocalThrottle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalThrottle").finish_non_exhaustive()
    }
}

#[async_trait]
impl Throttle for LocalThrottle {
    async fn admit(&self, attempt: &Attempt) -> Result<Admission, PortError> {
        let now = self.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.make_room(now);
        Ok(match state.admit(attempt, now) {
            0 => Admission::Go,
            wait => Admission::Wait(u32::try_from((wait + 999) / 1_000).unwrap_or(u32::MAX)),
        })
    }

    async fn succeeded(&self, attempt: &Attempt) -> Result<(), PortError> {
        let now = self.now();
        let rules = attempt.guess.rules();
        let [pair, account, address] = attempt.keys();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let forgiven = Pair {
            known: true,
            tried_at: now,
            ..Pair::default()
        };
        let before = state.pairs.insert(pair, forgiven);
        // A known address consumed nothing of the account's budget.
        let account_budget = rules
            .account
            .filter(|_| !before.is_some_and(|pair| pair.known));
        for (key, budget) in [(account, account_budget), (address, rules.address)] {
            if let (Some(full), Some(budget)) = (state.budgets.get_mut(&key), budget) {
                *full -= budget.each;
            }
        }
        Ok(())
    }
}

impl State {
    /// Returns the milliseconds to wait; 0 if the attempt is allowed, which counts it.
    fn admit(&mut self, attempt: &Attempt, now: i64) -> i64 {
        let rules = attempt.guess.rules();
        let [pair_key, account_key, address_key] = attempt.keys();
        let wait = self.wait_for(&address_key, rules.address, now);
        if wait > 0 {
            return wait;
        }
        let mut pair = self
            .pairs
            .get(&pair_key)
            .copied()
            .filter(|pair| now < pair.forgotten_at(&rules))
            .unwrap_or_default();
        if now >= pair.tried_at + rules.forget_after {
            pair.failures = 0;
        }
        let wait = pair.next - now;
        // Longer than any wait: the clock was set back.
        if (1..=rules.longest_wait).contains(&wait) {
            return wait;
        }
        let besieged = self.wait_for(&account_key, rules.account, now) > 0;
        let waits_first = besieged && !pair.known && pair.failures + 1 < rules.free;
        let wait = if waits_first {
            pair.failures = rules.free - 1;
            rules.slow_wait
        } else {
            // The account's budget is for unknown addresses only.
            self.consume(account_key, rules.account.filter(|_| !pair.known), now);
            self.consume(address_key, rules.address, now);
            pair.failures = pair.failures.saturating_add(1);
            rules.wait_after(pair.failures)
        };
        pair.next = now + wait;
        pair.tried_at = now;
        self.pairs.insert(pair_key, pair);
        if waits_first { wait } else { 0 }
    }

    /// Returns the time until a budget allows one more; 0 if it does.
    fn wait_for(&self, key: &str, budget: Option<FailureBudget>, now: i64) -> i64 {
        let (Some(budget), Some(full)) = (budget, self.budgets.get(key)) else {
            return 0;
        };
        // Emptier than possible: the clock was set back.
        if *full > now + budget.window {
            return 0;
        }
        (full + budget.each - (now + budget.window)).max(0)
    }

    fn consume(&mut self, key: String, budget: Option<FailureBudget>, now: i64) {
        if let Some(budget) = budget {
            let full = self.budgets.entry(key).or_insert(now);
            if !(now..=now + budget.window).contains(full) {
                *full = now;
            }
            *full = (*full + budget.each).min(now + budget.window);
        }
    }

    fn make_room(&mut self, now: i64) {
        if self.pairs.len() >= MOST {
            let rules = Guess::Password.rules();
            self.pairs.retain(|_, pair| now < pair.forgotten_at(&rules));
            forget(&mut self.pairs, |pair| pair.forgotten_at(&rules));
        }
        if self.budgets.len() >= MOST {
            self.budgets.retain(|_, full| now < *full);
            forget(&mut self.budgets, |full| *full);
        }
    }
}

/// If there is no space, removes the quarter that would expire next.
fn forget<T>(entries: &mut HashMap<String, T>, when: impl Fn(&T) -> i64) {
    if entries.len() >= MOST {
        let mut all: Vec<i64> = entries.values().map(&when).collect();
        let (_, &mut bound, _) = all.select_nth_unstable(MOST / 4);
        entries.retain(|_, entry| when(entry) > bound);
    }
}

#[cfg(test)]
mod tests {
    use accunode_ports::contract::TestClock;

    use super::*;

    #[tokio::test]
    async fn throttle_of_many_addresses_uses_bounded_memory() {
        let clock = Arc::new(TestClock::default());
        let throttle = LocalThrottle::new(clock.clone());
        for n in 0..(MOST as u32 + 1_000) {
            let address = std::net::Ipv4Addr::from_bits(n).into();
            let attempt = Attempt::password("ada@example.com", Some(address));
            throttle.admit(&attempt).await.unwrap();
            if n % 1_000 == 0 {
                clock.advance(1);
            }
        }
        let state = throttle.state.lock().unwrap();
        assert!(state.pairs.len() <= MOST && state.budgets.len() <= MOST);
    }
}
