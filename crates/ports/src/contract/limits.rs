//! The contract of [`RateLimiter`], for a limiter of [`REQUESTS`] a minute in every class.
#![expect(clippy::unwrap_used, reason = "these are tests, run by the adapters")]

use super::TestClock;
use crate::limits::{LimitClass, LimitSettings, Quota, RateLimiter};

/// The number of requests that the limiter under test allows in a minute.
pub const REQUESTS: u32 = 6;

/// The settings of the limiter under test.
#[must_use]
pub const fn settings() -> LimitSettings {
    let quota = Quota::per_minute(REQUESTS);
    LimitSettings {
        auth: quota,
        read: quota,
        write: quota,
        score: quota,
        upload: quota,
        admin: quota,
    }
}

/// All requests of a window may be sent at once; after that, they become available one by
/// one.
pub async fn budget_is_consumed_and_refills(limiter: &dyn RateLimiter, clock: &TestClock) {
    for left in (0..REQUESTS).rev() {
        let budget = limiter.consume(LimitClass::Read, "a").await.unwrap();
        assert!(budget.allowed);
        assert_eq!(
            (budget.limit, budget.window_seconds, budget.remaining),
            (REQUESTS, 60, left)
        );
    }
    let refused = limiter.consume(LimitClass::Read, "a").await.unwrap();
    assert!(!refused.allowed);
    assert_eq!((refused.remaining, refused.reset_seconds), (0, 10));

    // A refused request costs nothing.
    clock.advance(9);
    assert!(
        !limiter
            .consume(LimitClass::Read, "a")
            .await
            .unwrap()
            .allowed
    );
    clock.advance(1);
    assert!(
        limiter
            .consume(LimitClass::Read, "a")
            .await
            .unwrap()
            .allowed
    );
    assert!(
        !limiter
            .consume(LimitClass::Read, "a")
            .await
            .unwrap()
            .allowed
    );

    clock.advance(3_600);
    let full = limiter.consume(LimitClass::Read, "a").await.unwrap();
    assert_eq!((full.remaining, full.reset_seconds), (REQUESTS - 1, 10));
}

/// Requests do not count against another principal or another class.
pub async fn budgets_of_principals_and_classes_are_separate(
    limiter: &dyn RateLimiter,
    _: &TestClock,
) {
    for _ in 0..REQUESTS {
        limiter.consume(LimitClass::Auth, "b").await.unwrap();
    }
    assert!(
        !limiter
            .consume(LimitClass::Auth, "b")
            .await
            .unwrap()
            .allowed
    );
    assert!(
        limiter
            .consume(LimitClass::Auth, "c")
            .await
            .unwrap()
            .allowed
    );
    for class in LimitClass::ALL {
        let budget = limiter.consume(class, "b").await.unwrap();
        assert_eq!(budget.allowed, class != LimitClass::Auth, "{class:?}");
    }
}

/// A named budget is separate from the classes and from other names.
pub async fn named_budgets_are_separate(limiter: &dyn RateLimiter, clock: &TestClock) {
    let quota = Quota::per_day(2);
    let consume = async |name: &str, who: &str| {
        let budget = limiter.consume_from(name, quota, who).await.unwrap();
        (budget.allowed, budget.reset_seconds)
    };
    assert!(consume("x", "d").await.0 && consume("x", "d").await.0);
    assert_eq!(consume("x", "d").await, (false, 12 * 60 * 60));
    assert!(consume("y", "d").await.0 && consume("x", "e").await.0);
    assert!(
        limiter
            .consume(LimitClass::Auth, "d")
            .await
            .unwrap()
            .allowed
    );
    clock.advance(12 * 60 * 60);
    assert!(consume("x", "d").await.0 && !consume("x", "d").await.0);
}
