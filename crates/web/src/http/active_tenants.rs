//! The tenants that send requests at present.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use uuid::Uuid;

/// How long a tenant counts as active after a request.
const ACTIVE: Duration = Duration::from_secs(1);
/// How often those that are not active any more are removed, so that counting costs nothing.
const REMOVAL: Duration = Duration::from_millis(100);

/// The tenants whose last request was within the last second, give or take a tenth.
#[derive(Debug)]
pub(super) struct ActiveTenants(Mutex<Seen>);

#[derive(Debug)]
struct Seen {
    last: HashMap<Uuid, Instant>,
    removed: Instant,
}

impl ActiveTenants {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Seen {
            last: HashMap::new(),
            removed: Instant::now(),
        }))
    }

    /// Notes a request of this tenant, and returns the number of tenants that are active,
    /// this one included.
    pub(super) fn note(&self, tenant: Uuid) -> usize {
        self.note_at(tenant, Instant::now())
    }

    fn note_at(&self, tenant: Uuid, now: Instant) -> usize {
        // Nothing panics while the lock is held.
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.last.insert(tenant, now);
        if now.saturating_duration_since(seen.removed) >= REMOVAL {
            seen.removed = now;
            seen.last
                .retain(|_, last| now.saturating_duration_since(*last) < ACTIVE);
        }
        seen.last.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenant_counts_for_a_second_after_its_last_request() {
        let active = ActiveTenants::new();
        let [one, other] = [1, 2].map(Uuid::from_u128);
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        assert_eq!(active.note_at(one, at(200)), 1);
        assert_eq!(active.note_at(other, at(300)), 2);
        assert_eq!(active.note_at(one, at(1_250)), 2);
        assert_eq!(active.note_at(one, at(1_400)), 1);
        assert_eq!(active.note_at(other, at(9_000)), 1);
    }
}
