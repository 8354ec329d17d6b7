//! The contract of [`Throttle`].
#![expect(clippy::unwrap_used, reason = "these are tests, run by the adapters")]

use std::net::{IpAddr, Ipv4Addr};

use super::TestClock;
use crate::throttle::{Admission, Attempt, Guess, Throttle};

fn address(n: u32) -> Option<IpAddr> {
    Some(Ipv4Addr::from_bits(0xC000_0200 + n).into())
}

async fn ask(throttle: &dyn Throttle, attempt: &Attempt) -> Admission {
    throttle.admit(attempt).await.unwrap()
}

/// Fails until a wait is required, and returns how many attempts were allowed.
async fn exhaust(throttle: &dyn Throttle, attempt: &Attempt) -> u32 {
    let mut tries = 0;
    while ask(throttle, attempt).await == Admission::Go {
        tries += 1;
        assert!(tries < 1_000, "no one is ever refused");
    }
    tries
}

/// Some attempts are free; then each failure doubles the wait, up to the longest.
pub async fn repeated_failures_double_the_wait(throttle: &dyn Throttle, clock: &TestClock) {
    let guess = Attempt::password("ada@example.com", address(1));
    assert_eq!(exhaust(throttle, &guess).await, 5);
    for wait in [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
        // Asking costs nothing and does not extend the wait.
        assert_eq!(ask(throttle, &guess).await, Admission::Wait(wait));
        clock.advance(i64::from(wait) - 1);
        assert_eq!(ask(throttle, &guess).await, Admission::Wait(1));
        clock.advance(1);
        assert_eq!(ask(throttle, &guess).await, Admission::Go);
    }
    clock.advance(24 * 60 * 60);
    assert_eq!(exhaust(throttle, &guess).await, 5);
}

/// A success resets the user's own failures, and not those of others.
pub async fn success_resets_the_failures(throttle: &dyn Throttle, _: &TestClock) {
    let guess = Attempt::password("ada@example.com", address(1));
    let other = Attempt::password("eve@example.com", address(1));
    for _ in 0..5 {
        assert_eq!(ask(throttle, &other).await, Admission::Go);
    }
    for _ in 0..3 {
        for _ in 0..5 {
            assert_eq!(ask(throttle, &guess).await, Admission::Go);
        }
        throttle.succeeded(&guess).await.unwrap();
    }
    assert_eq!(exhaust(throttle, &guess).await, 5);
    assert!(matches!(ask(throttle, &other).await, Admission::Wait(_)));
}

/// However many attackers try from however many addresses, the owner can sign in: at once from an
/// address that they used before, and after a short wait from another one.
pub async fn failures_from_other_addresses_do_not_lock_out_the_owner(
    throttle: &dyn Throttle,
    clock: &TestClock,
) {
    let home = Attempt::password("ada@example.com", address(1));
    assert_eq!(ask(throttle, &home).await, Admission::Go);
    throttle.succeeded(&home).await.unwrap();

    let stranger = |n| Attempt::password("ada@example.com", address(n));
    let mut guesses = 0;
    for n in 100..150 {
        guesses += exhaust(throttle, &stranger(n)).await;
    }
    assert!((20..=25).contains(&guesses), "{guesses} guesses were free");

    assert_eq!(ask(throttle, &home).await, Admission::Go);
    throttle.succeeded(&home).await.unwrap();
    let away = Attempt::password("ada@example.com", address(2));
    assert_eq!(ask(throttle, &away).await, Admission::Wait(10));
    for n in 200..250 {
        let _ = exhaust(throttle, &stranger(n)).await;
    }
    clock.advance(10);
    for n in 300..350 {
        let _ = exhaust(throttle, &stranger(n)).await;
    }
    assert_eq!(ask(throttle, &away).await, Admission::Go);
    // An unknown address has the same single attempt, and then waits like any address that has
    // failed often.
    assert_eq!(exhaust(throttle, &stranger(200)).await, 1);
    assert_eq!(ask(throttle, &stranger(200)).await, Admission::Wait(2));

    // After a calm period, every address has its free attempts again.
    clock.advance(2 * 24 * 60 * 60);
    assert_eq!(exhaust(throttle, &stranger(100)).await, 5);
}

/// One address has a budget over all accounts, and other addresses have their own.
pub async fn failures_on_many_users_from_one_address_are_limited(
    throttle: &dyn Throttle,
    clock: &TestClock,
) {
    let at = |account: u32, n| Attempt::password(&format!("u{account}@example.com"), address(n));
    for account in 0..50 {
        assert_eq!(ask(throttle, &at(account, 1)).await, Admission::Go);
    }
    assert_eq!(ask(throttle, &at(50, 1)).await, Admission::Wait(30));
    assert_eq!(ask(throttle, &at(50, 2)).await, Admission::Go);
    clock.advance(30);
    assert_eq!(ask(throttle, &at(51, 1)).await, Admission::Go);
    assert_eq!(ask(throttle, &at(52, 1)).await, Admission::Wait(30));
    // A successful sign-in uses nothing of the budget.
    clock.advance(30);
    assert_eq!(ask(throttle, &at(53, 1)).await, Admission::Go);
    throttle.succeeded(&at(53, 1)).await.unwrap();
    assert_eq!(ask(throttle, &at(54, 1)).await, Admission::Go);
}

/// Codes are counted by account, separately from passwords.
pub async fn codes_are_counted_separately_from_passwords(
    throttle: &dyn Throttle,
    clock: &TestClock,
) {
    let password = Attempt::password("ada@example.com", address(1));
    let code = Attempt::second_factor("ada@example.com");
    assert_eq!(code.guess, Guess::SecondFactor);
    assert_eq!(exhaust(throttle, &code).await, 5);
    assert_eq!(ask(throttle, &code).await, Admission::Wait(2));
    assert_eq!(ask(throttle, &password).await, Admission::Go);
    throttle.succeeded(&password).await.unwrap();
    assert_eq!(ask(throttle, &code).await, Admission::Wait(2));
    clock.advance(2);
    assert_eq!(ask(throttle, &code).await, Admission::Go);
    throttle.succeeded(&code).await.unwrap();
    assert_eq!(exhaust(throttle, &code).await, 5);
}

/// Concurrent attempts are counted one by one.
pub async fn concurrent_attempts_are_counted_like_sequential_ones(
    throttle: &dyn Throttle,
    _: &TestClock,
) {
    let guess = Attempt::password("ada@example.com", address(1));
    let all = futures::future::join_all((0..40).map(|_| throttle.admit(&guess))).await;
    let gone = all
        .into_iter()
        .filter(|admission| matches!(admission, Ok(Admission::Go)));
    assert_eq!(gone.count(), 5);
}

/// A clock that was set back does not make anyone wait until it has caught up.
pub async fn clock_set_back_does_not_lock_out_callers(throttle: &dyn Throttle, clock: &TestClock) {
    let guess = Attempt::password("ada@example.com", address(1));
    assert_eq!(exhaust(throttle, &guess).await, 5);
    clock.advance(-365 * 24 * 60 * 60);
    assert_eq!(ask(throttle, &guess).await, Admission::Go);
}
