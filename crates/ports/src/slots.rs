//! A fair semaphore for each key, created when it is needed and removed when it is not.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::channel::oneshot;

/// A number of permits for each key. Waiting tasks are served in order. Cloning shares the
/// permits.
#[derive(Debug)]
pub struct Slots<K: Eq + Hash + Copy> {
    each: usize,
    keys: Arc<Mutex<HashMap<K, Taken<K>>>>,
}

impl<K: Eq + Hash + Copy> Clone for Slots<K> {
    fn clone(&self) -> Self {
        Self {
            each: self.each,
            keys: self.keys.clone(),
        }
    }
}

#[derive(Debug)]
struct Taken<K: Eq + Hash + Copy> {
    slots: usize,
    /// The number of permits of this key that the newest caller named.
    at_most: usize,
    waiting: VecDeque<oneshot::Sender<Slot<K>>>,
}

/// One permit of a key. Dropping it hands it to the next waiting task.
#[derive(Debug)]
pub struct Slot<K: Eq + Hash + Copy> {
    key: K,
    home: Slots<K>,
}

/// The error if the queue for a permit of this key is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("as many are waiting as may")]
pub struct QueueFull;

impl<K: Eq + Hash + Copy> Slots<K> {
    /// Creates `each` permits for every key; at least one.
    #[must_use]
    pub fn new(each: usize) -> Self {
        Self {
            each: each.max(1),
            keys: Arc::default(),
        }
    }

    /// Returns the number of permits of each key.
    #[must_use]
    pub const fn each(&self) -> usize {
        self.each
    }

    /// Acquires a permit of this key, at once or after all earlier callers. Dropping the
    /// future gives up the place in the queue.
    ///
    /// # Errors
    /// [`QueueFull`] if `queue` others are waiting already.
    pub async fn acquire(&self, key: K, queue: usize) -> Result<Slot<K>, QueueFull> {
        self.acquire_within(key, self.each, queue).await
    }

    /// Like [`acquire`](Self::acquire), with another number of permits of this key from now on:
    /// at least one. If more than `at_most` are taken, they are kept until they are dropped, and
    /// no one gets another until fewer are taken.
    ///
    /// # Errors
    /// [`QueueFull`] if `queue` others are waiting already.
    pub async fn acquire_within(
        &self,
        key: K,
        at_most: usize,
        queue: usize,
    ) -> Result<Slot<K>, QueueFull> {
        let (turn, ready) = {
            let mut keys = self.lock();
            let taken = keys.entry(key).or_insert_with(|| Taken {
                slots: 0,
                at_most,
                waiting: VecDeque::new(),
            });
            taken.at_most = at_most.max(1);
            // Cancelled waiters keep no place.
            taken.waiting.retain(|waiting| !waiting.is_canceled());
            if taken.waiting.is_empty() && taken.slots < taken.at_most {
                taken.slots += 1;
                return Ok(self.slot(key));
            }
            if taken.waiting.len() >= queue {
                return Err(QueueFull);
            }
            let (hand, turn) = oneshot::channel();
            taken.waiting.push_back(hand);
            // There may be more permits than before.
            (turn, taken.ready())
        };
        self.hand_to(key, ready);
        // Every sender is kept until it has sent: as long as permits are taken.
        turn.await.map_err(|_| QueueFull)
    }

    fn slot(&self, key: K) -> Slot<K> {
        Slot {
            key,
            home: self.clone(),
        }
    }

    /// Returns a permit, and hands those that are free to the next waiting tasks.
    fn release(&self, key: K) {
        let ready = {
            let mut keys = self.lock();
            let Entry::Occupied(mut entry) = keys.entry(key) else {
                return;
            };
            let taken = entry.get_mut();
            taken.slots -= 1;
            let ready = taken.ready();
            if taken.slots == 0 {
                entry.remove();
            }
            ready
        };
        self.hand_to(key, ready);
    }

    /// Hands one permit to each of these tasks; they are counted as taken already.
    fn hand_to(&self, key: K, ready: Vec<oneshot::Sender<Slot<K>>>) {
        for next in ready {
            // A task that gave up meanwhile drops its permit, which is released.
            drop(next.send(self.slot(key)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Taken<K>>> {
        // Nothing panics while the lock is held, and its data is consistent at any time.
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash + Copy> Taken<K> {
    /// Takes the free permits for the tasks that have waited longest, and returns these.
    fn ready(&mut self) -> Vec<oneshot::Sender<Slot<K>>> {
        self.waiting.retain(|waiting| !waiting.is_canceled());
        let free = self.at_most.saturating_sub(self.slots);
        let ready: Vec<_> = self.waiting.drain(..free.min(self.waiting.len())).collect();
        self.slots += ready.len();
        ready
    }
}

impl<K: Eq + Hash + Copy> Drop for Slot<K> {
    fn drop(&mut self) {
        self.home.release(self.key);
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, executor::block_on};

    use super::*;

    #[test]
    fn each_key_has_its_own_permits() {
        let slots = Slots::new(2);
        let first = block_on(slots.acquire('a', 0)).unwrap();
        let _second = block_on(slots.acquire('a', 0)).unwrap();
        assert_eq!(block_on(slots.acquire('a', 0)).unwrap_err(), QueueFull);
        let _other = block_on(slots.acquire('b', 0)).unwrap();
        drop(first);
        assert!(block_on(slots.acquire('a', 0)).is_ok());
    }

    #[test]
    fn waiters_get_permits_in_order() {
        let slots = Slots::new(1);
        let held = block_on(slots.acquire((), 0)).unwrap();
        let mut first = Box::pin(slots.acquire((), 2));
        let mut second = Box::pin(slots.acquire((), 2));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        assert_eq!(block_on(slots.acquire((), 2)).unwrap_err(), QueueFull);
        drop(held);
        assert!(second.as_mut().now_or_never().is_none());
        let held = first.now_or_never().unwrap().unwrap();
        drop(held);
        assert!(second.now_or_never().unwrap().is_ok());
    }

    #[test]
    fn permit_of_a_dropped_waiter_is_not_lost() {
        let slots = Slots::new(1);
        let held = block_on(slots.acquire((), 0)).unwrap();
        let mut before = Box::pin(slots.acquire((), 2));
        let mut handed = Box::pin(slots.acquire((), 2));
        let mut after = Box::pin(slots.acquire((), 2));
        for waiting in [&mut before, &mut handed] {
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        drop(before);
        assert!(after.as_mut().now_or_never().is_none());
        drop(held);
        // The permit was handed over, but never received.
        drop(handed);
        assert!(after.now_or_never().unwrap().is_ok());
        assert!(slots.lock().is_empty());
    }

    #[test]
    fn fewer_permits_are_handed_out_once_enough_were_returned() {
        let slots = Slots::new(3);
        let mut held: Vec<_> = (0..3)
            .map(|_| block_on(slots.acquire((), 0)).unwrap())
            .collect();
        let mut waiting = Box::pin(slots.acquire_within((), 1, 2));
        let mut last = Box::pin(slots.acquire_within((), 1, 2));
        assert!(waiting.as_mut().now_or_never().is_none());
        assert!(last.as_mut().now_or_never().is_none());
        for _ in 0..2 {
            held.pop();
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        held.pop();
        let one = waiting.now_or_never().unwrap().unwrap();
        assert!(last.as_mut().now_or_never().is_none());
        // With three again, those who wait get theirs at once and in order.
        let third = Box::pin(slots.acquire((), 2)).now_or_never();
        assert!(last.now_or_never().unwrap().is_ok());
        drop((one, third));
        assert!(slots.lock().is_empty());
    }
}
