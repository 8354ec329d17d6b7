//! One pool for each kind of work, so that no kind takes every connection: while a table is
//! locked, or lists are slow, users can still be authenticated, changes be made, and health be
//! checked. Within each pool one owner can have at most half of the connections.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use accunode_ports::{
    RepositoryError,
    repositories::Connections,
    slots::{Slot, Slots},
    workload::Workload,
};
use sqlx::{PgPool, Postgres, pool::PoolConnection};
use uuid::Uuid;

use crate::{errors::from_sqlx, pool, pool::PoolSettings, replica::Replica, session::Setting};

/// The work that a pool is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PoolKind {
    /// Authentication and readiness: small statements that every request needs.
    Identity,
    /// Lists and single rows.
    Reads,
    /// Units of work, and maintenance.
    Writes,
    /// Searches, exports, dashboards.
    Expensive,
}

impl PoolKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Identity, Self::Reads, Self::Writes, Self::Expensive];

    /// Returns the name in settings and figures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Expensive => "expensive",
        }
    }

    /// Returns how long a caller waits for a connection before an error. Work that users wait
    /// for at every click gives up soon; long-running work does not.
    #[must_use]
    pub const fn wait(self) -> Duration {
        Duration::from_secs(match self {
            Self::Identity => 2,
            Self::Reads => 3,
            Self::Writes => 5,
            Self::Expensive => 10,
        })
    }
}

impl PoolKind {
    /// Returns the planner setting, if there is one. A page is read in the order of an
    /// index, and the kept plan does not know the owner: a plan that reads all rows of an owner
    /// and sorts them looks as cheap if most owners have few rows, but is not for an owner who
    /// has most of them. Lists read data in memory or on an SSD, where rows in the order of an
    /// index cost hardly more than adjacent rows.
    pub(crate) fn planning(self) -> Option<Setting> {
        match self {
            Self::Reads => Some(("random_page_cost", "1.1".to_owned())),
            // One statement would otherwise take every processor from the requests of others.
            Self::Expensive => Some(("max_parallel_workers_per_gather", "0".to_owned())),
            Self::Identity | Self::Writes => None,
        }
    }
}

/// The largest number of connections of each pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the kinds")]
pub struct PoolSizes {
    pub identity: u32,
    pub reads: u32,
    pub writes: u32,
    pub expensive: u32,
}

impl PoolSizes {
    /// The fewest connections that make four pools.
    pub const LEAST: u32 = 4;

    /// Divides a total among the pools: a sixth for identity, a quarter each for writes and
    /// expensive reads, and the rest, the largest part, for reads. At least one each.
    #[must_use]
    pub fn of_total(total: u32) -> Self {
        let identity = (total / 6).max(1);
        let quarter = (total / 4).max(1);
        Self {
            identity,
            writes: quarter,
            expensive: quarter,
            reads: total.saturating_sub(identity + 2 * quarter).max(1),
        }
    }

    /// Returns the size of one pool.
    #[must_use]
    pub const fn of(self, kind: PoolKind) -> u32 {
        match kind {
            PoolKind::Identity => self.identity,
            PoolKind::Reads => self.reads,
            PoolKind::Writes => self.writes,
            PoolKind::Expensive => self.expensive,
        }
    }

    /// Returns the total.
    #[must_use]
    pub const fn total(self) -> u32 {
        self.identity + self.reads + self.writes + self.expensive
    }
}

/// A pool of which one owner can have at most half; of the expensive one, only their share of
/// that half while other tenants send requests.
#[derive(Debug)]
pub(crate) struct SharedPool {
    /// The name in figures and errors.
    name: &'static str,
    kind: PoolKind,
    wait: Duration,
    pool: PgPool,
    size: u32,
    turns: Slots<Uuid>,
    refused: AtomicU64,
}

/// One owner's turn on a pool, held as long as the value lives.
pub(crate) type Turn = Option<Slot<Uuid>>;

/// The length of the queue as a multiple of the connections: further callers get an error at
/// once.
const QUEUE: usize = 32;

impl SharedPool {
    fn new(url: &str, settings: &PoolSettings, kind: PoolKind) -> Result<Self, RepositoryError> {
        Self::named(url, settings, kind, kind.as_str())
    }

    /// Creates the pool of another server, of the same size and with the same settings.
    pub(crate) fn named(
        url: &str,
        settings: &PoolSettings,
        kind: PoolKind,
        name: &'static str,
    ) -> Result<Self, RepositoryError> {
        let size = settings.sizes.of(kind);
        let wait = settings.wait.unwrap_or_else(|| kind.wait());
        let pool = pool::lazy(url, settings, size, kind)?;
        let half = usize::try_from(size.div_ceil(2)).unwrap_or(usize::MAX);
        Ok(Self {
            name,
            kind,
            wait,
            pool,
            size,
            turns: Slots::new(half),
            refused: AtomicU64::new(0),
        })
    }

    /// Returns the underlying pool.
    pub(crate) const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Waits for the turn of the current task's owner; the service's own work needs none.
    ///
    /// # Errors
    /// `Unavailable` if other tasks of the same owner hold every turn for too long.
    pub(crate) async fn turn(&self) -> Result<Turn, RepositoryError> {
        let workload = Workload::current();
        let Some(owner) = workload.owner else {
            return Ok(None);
        };
        // Quick statements need no further division: they are over before another is delayed.
        let turns = match self.kind {
            PoolKind::Expensive => workload.share_of(self.turns.each()),
            _ => self.turns.each(),
        };
        let queue = QUEUE * turns;
        let turn = self.turns.acquire_within(owner, turns, queue);
        let turn = tokio::time::timeout(self.wait, turn);
        match turn.await {
            Ok(Ok(turn)) => Ok(Some(turn)),
            Ok(Err(_)) | Err(_) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                Err(RepositoryError::Unavailable(
                    format!(
                        "other requests of the same owner keep its share of the pool `{}`",
                        self.name
                    )
                    .into(),
                ))
            }
        }
    }

    /// Returns a connection, in its owner's turn.
    ///
    /// # Errors
    /// `Unavailable` after [`PoolKind::wait`].
    pub(crate) async fn connection(
        &self,
    ) -> Result<(PoolConnection<Postgres>, Turn), RepositoryError> {
        let turn = self.turn().await?;
        match self.pool.acquire().await {
            Ok(connection) => Ok((connection, turn)),
            Err(error) => Err(self.noted(from_sqlx(error))),
        }
    }

    /// Counts an error that may come from waiting for a connection without getting one, and
    /// returns it.
    pub(crate) fn noted(&self, error: RepositoryError) -> RepositoryError {
        if let RepositoryError::Unavailable(cause) = &error
            && matches!(cause.downcast_ref(), Some(sqlx::Error::PoolTimedOut))
        {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        error
    }

    pub(crate) fn connections(&self) -> Connections {
        Connections {
            pool: self.name,
            open: self.pool.size(),
            idle: u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX),
            at_most: self.size,
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}

/// The four pools of a process.
#[derive(Debug)]
pub(crate) struct Pools {
    pub(crate) identity: Arc<SharedPool>,
    pub(crate) reads: Arc<SharedPool>,
    pub(crate) writes: Arc<SharedPool>,
    pub(crate) expensive: Arc<SharedPool>,
}

impl Pools {
    /// Creates the pools; no connection is opened yet.
    pub(crate) fn new(url: &str, settings: &PoolSettings) -> Result<Self, RepositoryError> {
        let pool = |kind| SharedPool::new(url, settings, kind).map(Arc::new);
        Ok(Self {
            identity: pool(PoolKind::Identity)?,
            reads: pool(PoolKind::Reads)?,
            writes: pool(PoolKind::Writes)?,
            expensive: pool(PoolKind::Expensive)?,
        })
    }

    pub(crate) const fn of(&self, kind: PoolKind) -> &Arc<SharedPool> {
        match kind {
            PoolKind::Identity => &self.identity,
            PoolKind::Reads => &self.reads,
            PoolKind::Writes => &self.writes,
            PoolKind::Expensive => &self.expensive,
        }
    }

    pub(crate) fn connections(&self) -> Vec<Connections> {
        PoolKind::ALL
            .iter()
            .map(|kind| self.of(*kind).connections())
            .collect()
    }

    pub(crate) async fn close(&self) {
        for kind in PoolKind::ALL {
            self.of(kind).pool().close().await;
        }
    }
}

/// The pools from which a repository outside of transactions reads.
#[derive(Clone, Debug)]
pub(crate) struct ReadPools {
    usual: Arc<SharedPool>,
    expensive: Arc<SharedPool>,
    /// For reads that may be late.
    replica: Option<Arc<Replica>>,
}

impl ReadPools {
    /// Always uses the same pool.
    pub(crate) fn only(pool: &Arc<SharedPool>) -> Self {
        Self {
            usual: pool.clone(),
            expensive: pool.clone(),
            replica: None,
        }
    }

    /// Uses one pool for quick reads, and another for work that reads much.
    pub(crate) fn by_work(usual: &Arc<SharedPool>, expensive: &Arc<SharedPool>) -> Self {
        Self {
            usual: usual.clone(),
            expensive: expensive.clone(),
            replica: None,
        }
    }

    /// Also uses a replica, for reads that may be late.
    pub(crate) fn with_replica(self, replica: Option<&Arc<Replica>>) -> Self {
        Self {
            replica: replica.cloned(),
            ..self
        }
    }

    /// Returns the replica and its pool, if the current task's reads may be late and the replica
    /// is fresh.
    pub(crate) fn late(&self) -> Option<(&Replica, &SharedPool)> {
        let replica = self.replica.as_deref()?;
        let workload = Workload::current();
        if !workload.may_read_late {
            return None;
        }
        Some((replica, replica.pool(workload.work.reads_much())?))
    }

    /// Returns the primary's pool for the current task's work.
    pub(crate) fn present(&self) -> &SharedPool {
        if Workload::current().work.reads_much() {
            &self.expensive
        } else {
            &self.usual
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pool_sizes_add_up_to_the_total() {
        for total in PoolSizes::LEAST..200 {
            let sizes = PoolSizes::of_total(total);
            assert_eq!(sizes.total(), total, "{sizes:?}");
            assert!(PoolKind::ALL.iter().all(|kind| sizes.of(*kind) >= 1));
        }
        let sizes = PoolSizes::of_total(16);
        assert_eq!(
            (sizes.identity, sizes.reads, sizes.writes, sizes.expensive),
            (2, 6, 4, 4)
        );
    }
}
