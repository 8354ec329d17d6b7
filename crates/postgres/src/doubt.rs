//! The time since which idle connections may be broken.
//!
//! When a database server ends, every idle connection of the pools breaks, and none of them
//! notices before it is used: each would fail one request. So the first sign of it marks every
//! connection that was idle at that time as doubtful, and a doubtful connection is tested
//! before it is handed out.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::pool::PoolConnectionMetadata;

/// The origin of the measured times.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Nanoseconds from [`START`] to the last sign; 0 means none. One value for the process: it has
/// one database, and an unnecessary test of a connection costs a millisecond.
static LAST_SIGN: AtomicU64 = AtomicU64::new(0);

/// Records a sign that the server has ended.
pub(crate) fn raise() {
    let now = u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX);
    LAST_SIGN.fetch_max(now.max(1), Ordering::Relaxed);
}

/// Returns whether a connection was returned to the pool before the last sign.
pub(crate) fn concerns(connection: &PoolConnectionMetadata) -> bool {
    is_before(connection.idle_for, LAST_SIGN.load(Ordering::Relaxed))
}

fn is_before(idle_for: Duration, sign: u64) -> bool {
    if sign == 0 {
        return false;
    }
    let since = START.elapsed().saturating_sub(Duration::from_nanos(sign));
    idle_for >= since
}

/// Returns whether an error is a sign that the server, or the connection to it, has ended.
pub(crate) fn is_sign(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(db_error) => db_error
            .code()
            .is_some_and(|code| code.starts_with("57P") || code.starts_with("08")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_connections_idle_since_before_the_sign_are_doubtful() {
        let idle = Duration::from_secs(3600);
        assert!(!is_before(idle, 0));
        LazyLock::force(&START);
        std::thread::sleep(Duration::from_millis(20));
        let sign = u64::try_from(START.elapsed().as_nanos()).unwrap();
        assert!(is_before(idle, sign));
        std::thread::sleep(Duration::from_millis(20));
        assert!(is_before(Duration::from_millis(30), sign));
        assert!(!is_before(Duration::from_millis(1), sign));
    }

    #[test]
    fn database_answer_is_no_sign_of_an_outage() {
        assert!(is_sign(&sqlx::Error::Io(
            std::io::ErrorKind::BrokenPipe.into()
        )));
        assert!(!is_sign(&sqlx::Error::PoolTimedOut));
        assert!(!is_sign(&sqlx::Error::RowNotFound));
    }
}
