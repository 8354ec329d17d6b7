//! Units of work that conflict with another one are repeated, and no others.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use accunode_application::Error;
use accunode_domain::access::Scope;
use accunode_ports::{Conflict, Contention, RepositoryError, error::Cause};

use crate::support::Doubles;

/// More units than a transaction may use.
const UNITS: usize = 7;

fn deadlock() -> RepositoryError {
    RepositoryError::Unavailable(Box::new(Contention("deadlock detected".into())))
}

/// Runs a unit of work whose first `failures` runs end with `error`; returns how often it
/// ran, how it ended, and which of the available units were committed.
async fn run(failures: u32, error: fn() -> Error) -> (u32, Result<u32, Error>, Vec<bool>) {
    let mut doubles = Doubles::default();
    let committed: Vec<_> = (0..UNITS).map(|_| doubles.unit(|_| {})).collect();
    let application = doubles.application();
    let runs = Arc::new(AtomicU32::new(0));
    let count = &runs;
    let done = application
        .ports()
        .transaction(&Scope::none(), |unit| async move {
            let run = count.fetch_add(1, Ordering::SeqCst);
            drop(unit);
            if run < failures {
                Err(error())
            } else {
                Ok(run)
            }
        })
        .await;
    let committed = committed
        .iter()
        .map(|unit| unit.load(Ordering::SeqCst))
        .collect();
    (runs.load(Ordering::SeqCst), done, committed)
}

#[tokio::test]
async fn a_unit_of_work_is_repeated_up_to_five_times_after_a_deadlock() {
    for failures in 0..=5 {
        let (runs, done, committed) = run(failures, || deadlock().into()).await;
        assert_eq!((runs, done.ok()), (failures + 1, Some(failures)));
        let only_the_last: Vec<bool> = (0..).take(UNITS).map(|unit| unit == failures).collect();
        assert_eq!(committed, only_the_last);
    }
    let (runs, done, committed) = run(6, || deadlock().into()).await;
    assert_eq!(runs, 6);
    assert!(matches!(done, Err(Error::Unavailable(_))), "{done:?}");
    assert_eq!(committed, [false; UNITS]);
}

#[tokio::test]
async fn failures_other_than_deadlocks_are_not_retried() {
    let errors: [fn() -> Error; 4] = [
        || Error::Unavailable(Cause::from("the connection was lost at the commit")),
        || Error::Internal(Cause::from("a defect")),
        || Error::Stale,
        || RepositoryError::from(Conflict::EmailTaken).into(),
    ];
    for error in errors {
        let (runs, done, committed) = run(1, error).await;
        assert_eq!((runs, committed), (1, vec![false; UNITS]), "{done:?}");
        assert!(done.is_err());
    }
}
