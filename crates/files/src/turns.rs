//! Turns to check an uploaded file, divided fairly among tenants.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;
use uuid::Uuid;

/// Turns to do work of known cost. A free turn goes to the work that would be done first if all
/// waiting tenants were served side by side (weighted fair queueing): a small file does not wait
/// behind several large ones, whosever they are, and a large one is not put off forever by small
/// ones.
#[derive(Debug)]
pub(crate) struct Turns(Mutex<State>);

#[derive(Debug)]
struct State {
    free: usize,
    /// What was done for each tenant so far, if all were served side by side.
    done: u64,
    /// The value of `done` at the end of the last work of a tenant.
    ends: HashMap<Uuid, u64>,
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    tenant: Uuid,
    cost: u64,
    start: u64,
    end: u64,
    hand: oneshot::Sender<Turn>,
}

/// The right to work. Dropping it hands it to the next.
#[derive(Debug)]
pub(crate) struct Turn(Arc<Turns>);

impl Turns {
    /// Creates this number of turns at a time; at least one.
    pub(crate) fn new(at_once: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            free: at_once.max(1),
            done: 0,
            ends: HashMap::new(),
            waiting: Vec::new(),
        })))
    }

    /// Waits for a turn for work of this cost. Dropping the future gives up the place.
    pub(crate) async fn wait(self: &Arc<Self>, tenant: Uuid, cost: u64) -> Turn {
        let (hand, turn) = oneshot::channel();
        self.lock().enqueue(tenant, cost, hand);
        self.hand_out();
        // Every sender is kept until it has sent. If one were not, nothing would be limited.
        turn.await.unwrap_or_else(|_| Turn(self.clone()))
    }

    /// Hands the free turns to those who are next.
    fn hand_out(self: &Arc<Self>) {
        loop {
            let next = self.lock().take_next();
            let Some(next) = next else {
                return;
            };
            // A task that gave up meanwhile drops its turn, which is handed out again.
            drop(next.send(Turn(self.clone())));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held, and its data is consistent at any time.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Turns {
    /// Returns the tenants that wait, and the cost of what they wait for.
    pub(crate) fn waiting(&self) -> Vec<(Uuid, u64)> {
        let state = self.lock();
        let waiting = state.waiting.iter();
        waiting.map(|next| (next.tenant, next.cost)).collect()
    }
}

impl State {
    fn enqueue(&mut self, tenant: Uuid, cost: u64, hand: oneshot::Sender<Turn>) {
        self.ends.retain(|_, end| *end > self.done);
        let start = self.ends.get(&tenant).copied().unwrap_or(self.done);
        let end = start.saturating_add(cost);
        self.ends.insert(tenant, end);
        self.waiting.push(Waiting {
            tenant,
            cost,
            start,
            end,
            hand,
        });
    }

    /// Takes a free turn for the next work.
    fn take_next(&mut self) -> Option<oneshot::Sender<Turn>> {
        if self.free == 0 {
            return None;
        }
        self.waiting.retain(|waiting| !waiting.hand.is_closed());
        let ends = self.waiting.iter().enumerate();
        let (next, _) = ends.min_by_key(|(_, waiting)| waiting.end)?;
        let tenants: HashSet<Uuid> = self.waiting.iter().map(|waiting| waiting.tenant).collect();
        let next = self.waiting.remove(next);
        let each = next.cost / (tenants.len() as u64).max(1);
        self.done = self.done.max(next.start).saturating_add(each);
        self.free -= 1;
        Some(next.hand)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.lock().free += 1;
        self.0.hand_out();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use futures::{FutureExt, future::BoxFuture};

    use super::*;

    const LARGE: u64 = 15 << 20;
    const SMALL: u64 = 64 << 10;

    /// A single turn that is taken, and those who wait for it.
    struct Queue {
        turns: Arc<Turns>,
        held: Option<Turn>,
        waiting: Vec<(&'static str, BoxFuture<'static, Turn>)>,
    }

    impl Queue {
        fn taken() -> Self {
            let turns = Turns::new(1);
            let held = turns.wait(Uuid::from_u128(99), LARGE).now_or_never();
            Self {
                turns,
                held: Some(held.unwrap()),
                waiting: Vec::new(),
            }
        }

        fn ask(&mut self, name: &'static str, tenant: u128, cost: u64) {
            let turns = self.turns.clone();
            let tenant = Uuid::from_u128(tenant);
            let mut turn = async move { turns.wait(tenant, cost).await }.boxed();
            assert!(turn.as_mut().now_or_never().is_none(), "{name}");
            self.waiting.push((name, turn));
        }

        /// Ends the work in progress, and returns whose turn it is.
        fn next(&mut self) -> &'static str {
            self.held = None;
            for (at, (_, turn)) in self.waiting.iter_mut().enumerate() {
                if let Some(turn) = Pin::new(turn).now_or_never() {
                    self.held = Some(turn);
                    return self.waiting.remove(at).0;
                }
            }
            "none"
        }
    }

    #[test]
    fn small_file_waits_behind_no_large_one_that_waits() {
        let mut queue = Queue::taken();
        for (name, tenant) in [("one", 1), ("two", 2), ("another of one", 1), ("three", 3)] {
            queue.ask(name, tenant, LARGE);
        }
        queue.ask("small", 4, SMALL);
        assert_eq!(queue.next(), "small");
        assert_eq!(queue.next(), "one");
        queue.ask("small later", 5, SMALL);
        assert_eq!(queue.next(), "small later");
    }

    #[test]
    fn tenants_take_turns_however_many_files_one_of_them_sends() {
        let mut queue = Queue::taken();
        for name in ["one", "one again", "one once more"] {
            queue.ask(name, 1, LARGE);
        }
        queue.ask("two", 2, LARGE);
        let order: Vec<_> = (0..5).map(|_| queue.next()).collect();
        assert_eq!(order, ["one", "two", "one again", "one once more", "none"]);
    }

    #[test]
    fn large_file_is_not_put_off_forever() {
        let mut queue = Queue::taken();
        queue.ask("large", 1, 8 * SMALL);
        let mut served = 0;
        for tenant in 2..100 {
            queue.ask("small", tenant, SMALL);
            if queue.next() == "large" {
                break;
            }
            served += 1;
        }
        assert!((2..60).contains(&served), "{served}");
    }

    #[test]
    fn turn_of_a_dropped_waiter_is_not_lost() {
        let mut queue = Queue::taken();
        queue.ask("dropped before", 1, SMALL);
        queue.ask("dropped after", 2, SMALL);
        queue.ask("waits", 3, LARGE);
        drop(queue.waiting.remove(0));
        queue.held = None;
        // The turn was handed over, but never received.
        drop(queue.waiting.remove(0));
        assert_eq!(queue.next(), "waits");
    }
}
