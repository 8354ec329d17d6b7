//! The read replica: which of its changes are certain to be there, and whether it is used.
//!
//! Every second the position of the primary's log is read, and then that of what the replica has
//! replayed. If the replica has replayed a position that the primary had at some moment, it has
//! everything that was committed before that moment. So its delay is measured by this process's
//! own clock, whatever the clocks of the servers say, and also while nothing is written.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use accunode_ports::{
    Outage, RepositoryError,
    recent_writes::MOST_BEHIND,
    repositories::{Connections, ReplicaState},
};
use sqlx::PgPool;
use tokio::sync::Mutex;

use crate::{
    PoolKind, PoolSettings,
    errors::{from_sqlx, is_statement_timeout},
    pool,
    pools::SharedPool,
};

/// The time limit of each question to a server.
const ANSWER: Duration = Duration::from_secs(2);

/// How long a read waits for a connection to the replica; then it goes to the primary.
const WAIT: Duration = Duration::from_secs(1);

/// How long positions of the primary are kept: a replica that has none of them is too far behind.
const KEPT: Duration = Duration::from_secs(60);

/// The position that the primary's next record will have, and the identity of its data.
const PRIMARY: &str = "\
    SELECT system_identifier AS system, \
           NOT pg_is_in_recovery() AS is_primary, \
           pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN '0/0' \
                                ELSE pg_current_wal_insert_lsn() END, '0/0')::bigint AS position \
      FROM pg_control_system()";

/// The position up to which the replica has replayed, and the identity of its data.
const REPLICA: &str = "\
    SELECT system_identifier AS system, \
           NOT pg_is_in_recovery() AS is_primary, \
           pg_wal_lsn_diff(coalesce(pg_last_wal_replay_lsn(), '0/0'), '0/0')::bigint AS position \
      FROM pg_control_system()";

/// The answer of one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Position {
    system: i64,
    is_primary: bool,
    position: i64,
}

/// Why the replica is not used.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaFault {
    /// The replica, or the primary, does not answer.
    #[error("the replica cannot be compared with the primary")]
    Unreachable(#[source] RepositoryError),
    /// Row-level security would not apply to the role of its connections.
    #[error("the role of read_database_url must not serve")]
    Role(#[source] RepositoryError),
    /// Its sessions lack settings of the service: a pooler on the way loses them, or has sessions
    /// that are older than those of the role.
    #[error("the sessions of read_database_url lack settings of the service")]
    Settings(#[source] RepositoryError),
    /// It has data of its own.
    #[error(
        "read_database_url is no replica of database_url: it is a server with other data (system \
         identifier {found}, not {expected}); give it the URL of a streaming replica of that \
         server, or leave it out"
    )]
    OtherData {
        /// The identifier of the server behind `read_database_url`.
        found: i64,
        /// That of the server behind `database_url`.
        expected: i64,
    },
    /// It is not replaying a log.
    #[error(
        "read_database_url is no replica: the server is not in recovery, it was promoted or is the \
         primary itself; give it the URL of a streaming replica, or leave it out"
    )]
    NotInRecovery,
    /// It has replayed what the primary does not have.
    #[error(
        "the replica has changes that the primary lacks: it follows a server that is not the \
         primary any more; build it anew from the primary"
    )]
    Diverged,
    /// It lacks changes that are too old.
    #[error("the replica is more than {} s behind", MOST_BEHIND.as_secs())]
    Behind,
}

impl ReplicaFault {
    /// Returns whether only another setting, or another server, can remedy it.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::OtherData { .. } | Self::NotInRecovery => true,
            Self::Role(error) => matches!(error, RepositoryError::Internal(_)),
            Self::Settings(_) | Self::Unreachable(_) | Self::Diverged | Self::Behind => false,
        }
    }
}

/// The read replica of a process.
#[derive(Debug)]
pub(crate) struct Replica {
    reads: Arc<SharedPool>,
    expensive: Arc<SharedPool>,
    /// One connection for the checks, which must not wait for reads.
    checks: PgPool,
    freshness: Freshness,
    history: Mutex<History>,
    settings: PoolSettings,
    /// Whether its sessions were found suitable.
    session_verified: AtomicBool,
}

impl Replica {
    /// Creates its pools; no connection is opened yet.
    pub(crate) fn new(url: &str, settings: &PoolSettings) -> Result<Self, RepositoryError> {
        let settings = PoolSettings {
            wait: Some(settings.wait.map_or(WAIT, |wait| wait.min(WAIT))),
            shares_sessions: settings.replica_shares_sessions,
            application_name: format!("{} reads", settings.application_name),
            ..settings.clone()
        };
        let pool = |kind, name| SharedPool::named(url, &settings, kind, name).map(Arc::new);
        Ok(Self {
            reads: pool(PoolKind::Reads, "replica_reads")?,
            expensive: pool(PoolKind::Expensive, "replica_expensive")?,
            checks: pool::lazy(url, &settings, 1, PoolKind::Identity)?,
            settings,
            freshness: Freshness::new(),
            history: Mutex::default(),
            session_verified: AtomicBool::new(false),
        })
    }

    /// Returns the pool for reads that may be late, while the replica is fresh enough.
    pub(crate) fn pool(&self, reads_much: bool) -> Option<&SharedPool> {
        let pool = if reads_much {
            &self.expensive
        } else {
            &self.reads
        };
        self.freshness.is_used().then_some(pool)
    }

    /// Returns whether a read that failed on the replica should be repeated on the primary:
    /// always, except if it took too long.
    pub(crate) fn gives_way(&self, error: &RepositoryError) -> bool {
        if is_statement_timeout(error) {
            return false;
        }
        tracing::debug!(
            error = error as &dyn std::error::Error,
            "a read failed on the replica and is repeated on the primary"
        );
        if matches!(error, RepositoryError::Unavailable(cause) if cause.is::<Outage>()) {
            self.freshness.forget();
        }
        true
    }

    pub(crate) fn state(&self) -> ReplicaState {
        ReplicaState {
            is_used: self.freshness.is_used(),
            behind: self.freshness.behind(),
        }
    }

    pub(crate) fn connections(&self) -> [Connections; 2] {
        [self.reads.connections(), self.expensive.connections()]
    }

    /// Does not use the replica until it is certain to have every change made until now.
    pub(crate) fn distrust(&self) {
        self.freshness.distrust(Instant::now() + MOST_BEHIND);
    }

    /// Measures its delay.
    pub(crate) async fn check(&self, primary: &PgPool) -> Result<(), ReplicaFault> {
        let checked = self.measure(primary).await;
        match &checked {
            Ok(caught_up) => self.freshness.caught_up(*caught_up),
            Err(_) => self.freshness.forget(),
        }
        match checked {
            Ok(_) if self.freshness.behind().is_none_or(|it| it > MOST_BEHIND) => {
                Err(ReplicaFault::Behind)
            }
            other => other.map(|_| ()),
        }
    }

    /// Returns the moment before which the replica has everything; `None` if it is not known.
    async fn measure(&self, primary: &PgPool) -> Result<Option<Instant>, ReplicaFault> {
        let mut history = self.history.lock().await;
        let asked = Instant::now();
        let source = position(primary, PRIMARY).await?;
        if source.is_primary && !history.wrote(asked, source.position) {
            return Err(ReplicaFault::Diverged);
        }
        let replica = position(&self.checks, REPLICA).await?;
        if replica.system != source.system {
            return Err(ReplicaFault::OtherData {
                found: replica.system,
                expected: source.system,
            });
        }
        if replica.is_primary {
            return Err(ReplicaFault::NotInRecovery);
        }
        if !self.session_verified.load(Ordering::Relaxed) {
            let verified = pool::verify_role(&self.checks).await;
            verified.map_err(ReplicaFault::Role)?;
            let verified = pool::verify_settings(&self.checks, &self.settings).await;
            verified.map_err(ReplicaFault::Settings)?;
            self.session_verified.store(true, Ordering::Relaxed);
        }
        Ok(history.replayed(replica.position))
    }

    pub(crate) async fn close(&self) {
        for pool in [self.reads.pool(), self.expensive.pool(), &self.checks] {
            pool.close().await;
        }
    }
}

async fn position(pool: &PgPool, question: &'static str) -> Result<Position, ReplicaFault> {
    let asked = sqlx::query_as::<_, (i64, bool, i64)>(question).fetch_one(pool);
    let answer = match tokio::time::timeout(ANSWER, asked).await {
        Ok(answer) => answer.map_err(from_sqlx),
        Err(_) => Err(RepositoryError::Unavailable(
            "it did not answer in time".into(),
        )),
    };
    let (system, is_primary, position) = answer.map_err(ReplicaFault::Unreachable)?;
    Ok(Position {
        system,
        is_primary,
        position,
    })
}

/// The size of a page of the log, which begins with a header.
const PAGE: i64 = 8192;
/// The sizes of the header of a page, and of the first page of a file.
const HEADERS: [i64; 2] = [24, 40];

/// Returns the end of the record before this position of the primary. If that record ends with its
/// page, the position is behind the next page's header, but what was replayed ends before it.
fn end_of_record(position: i64) -> i64 {
    let within = position.rem_euclid(PAGE);
    if HEADERS.contains(&within) {
        position - within
    } else {
        position
    }
}

/// The positions that the primary had, oldest first, and the last one that was replayed.
#[derive(Debug, Default)]
struct History {
    written: VecDeque<(Instant, i64)>,
    replayed: i64,
}

impl History {
    /// Records the position of the primary. Returns false if the replica was ahead of it: then it
    /// is no replica of this primary, and nothing that was compared counts.
    fn wrote(&mut self, at: Instant, position: i64) -> bool {
        if self.replayed > position {
            *self = Self::default();
            return false;
        }
        while let Some((oldest, _)) = self.written.front()
            && at.duration_since(*oldest) > KEPT
        {
            self.written.pop_front();
        }
        self.written.push_back((at, end_of_record(position)));
        true
    }

    /// Records what the replica has replayed, and returns the moment before which it has
    /// everything.
    fn replayed(&mut self, position: i64) -> Option<Instant> {
        self.replayed = position;
        let reached = self
            .written
            .iter()
            .rposition(|(_, written)| *written <= position)?;
        self.written.drain(..reached);
        self.written.front().map(|(at, _)| *at)
    }
}

/// Until when the replica has everything. Read for every statement, so without a lock.
#[derive(Debug)]
struct Freshness {
    origin: Instant,
    /// The moment before which it has everything, in milliseconds since the origin, plus one;
    /// 0 if that is not known.
    caught_up: AtomicU64,
    /// The moment until which it is not used, in milliseconds since the origin.
    not_before: AtomicU64,
}

impl Freshness {
    fn new() -> Self {
        Self {
            origin: Instant::now(),
            caught_up: AtomicU64::new(0),
            not_before: AtomicU64::new(0),
        }
    }

    fn since_origin(&self, at: Instant) -> u64 {
        let elapsed = at.saturating_duration_since(self.origin);
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
    }

    fn caught_up(&self, at: Option<Instant>) {
        let at = at.map_or(0, |at| self.since_origin(at) + 1);
        self.caught_up.store(at, Ordering::Relaxed);
    }

    fn forget(&self) {
        self.caught_up(None);
    }

    fn distrust(&self, until: Instant) {
        self.not_before
            .fetch_max(self.since_origin(until), Ordering::Relaxed);
    }

    fn behind(&self) -> Option<Duration> {
        self.behind_at(Instant::now())
    }

    fn behind_at(&self, now: Instant) -> Option<Duration> {
        let caught_up = self.caught_up.load(Ordering::Relaxed).checked_sub(1)?;
        let behind = self.since_origin(now).saturating_sub(caught_up);
        Some(Duration::from_millis(behind))
    }

    fn is_used(&self) -> bool {
        self.is_used_at(Instant::now())
    }

    fn is_used_at(&self, now: Instant) -> bool {
        let is_trusted = self.since_origin(now) >= self.not_before.load(Ordering::Relaxed);
        // A millisecond less, because the moments were rounded.
        let most = MOST_BEHIND.saturating_sub(Duration::from_millis(1));
        is_trusted && self.behind_at(now).is_some_and(|behind| behind < most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn replica_is_as_fresh_as_the_newest_position_that_it_has_replayed() {
        let start = Instant::now();
        let mut history = History::default();
        assert_eq!(history.replayed(500), None, "nothing to compare with");
        assert!(history.wrote(start, 1_000));
        assert_eq!(history.replayed(999), None);
        assert!(history.wrote(start + SECOND, 2_000));
        assert!(history.wrote(start + 2 * SECOND, 3_000));
        assert_eq!(history.replayed(2_999), Some(start + SECOND));
        assert_eq!(history.replayed(3_000), Some(start + 2 * SECOND));
        // Nothing is written: the same position is reached at once.
        assert!(history.wrote(start + 3 * SECOND, 3_000));
        assert_eq!(history.replayed(3_000), Some(start + 3 * SECOND));
        // It stands still.
        for second in 4..200 {
            assert!(history.wrote(start + second * SECOND, 3_000 + i64::from(second)));
            let fresh = history.replayed(3_001);
            assert!(fresh <= Some(start + 3 * SECOND), "{second}: {fresh:?}");
        }
        assert!(
            history.written.len() < 70,
            "positions are not kept for ever"
        );
    }

    #[test]
    fn replica_ahead_of_the_primary_is_not_compared() {
        let start = Instant::now();
        let mut history = History::default();
        assert!(history.wrote(start, 1_000));
        assert!(history.replayed(5_000).is_some());
        assert!(!history.wrote(start + SECOND, 4_999));
        assert_eq!(history.replayed(500), None);
    }

    #[test]
    fn position_behind_a_page_header_is_that_of_the_record_before_it() {
        assert_eq!(end_of_record(8192 * 7 + 24), 8192 * 7);
        assert_eq!(end_of_record(8192 * 2048 + 40), 8192 * 2048);
        assert_eq!(end_of_record(8192 * 7 + 32), 8192 * 7 + 32);
        assert_eq!(end_of_record(8192 * 7), 8192 * 7);
    }

    #[test]
    fn replica_is_used_only_while_it_is_fresh_and_trusted() {
        let freshness = Freshness::new();
        let start = freshness.origin + SECOND;
        assert!(!freshness.is_used_at(start), "it was never compared");
        freshness.caught_up(Some(start));
        assert!(freshness.is_used_at(start));
        assert!(freshness.is_used_at(start + MOST_BEHIND - 2 * Duration::from_millis(1)));
        assert!(!freshness.is_used_at(start + MOST_BEHIND));
        freshness.distrust(start + 3 * SECOND);
        freshness.distrust(start + SECOND);
        assert!(!freshness.is_used_at(start + 2 * SECOND));
        assert!(freshness.is_used_at(start + 3 * SECOND));
        freshness.forget();
        assert!(!freshness.is_used_at(start + 3 * SECOND));
    }
}
