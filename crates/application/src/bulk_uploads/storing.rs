//! Stores the chunks of a file in their order, two of them side by side where that does no harm.
//!
//! The database stores a chunk on one processor. While it does, the chunk after it begins, too:
//! its rows are inserted, and only then it waits for its turn to write the counters and the
//! checkpoint. It is rolled back if the chunk before it was. So the checkpoint is always that of
//! a beginning of the file of which every row is stored.
//!
//! A chunk begins only after the chunk before it has ended if
//!
//! - both have rows of one company and period, for the later one decides what to do with such a
//!   row by what the earlier one stored;
//! - it is a dry run, which finds its own earlier rows where they are kept;
//! - another job is running: its owner's chunks need the place.
//!
//! What a chunk began beside another one is an attempt: if it fails, the chunk is stored again
//! when the other one has ended.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    pin::pin,
    sync::atomic::Ordering,
};

use accunode_domain::{
    access::Actor,
    audit::RequestContext,
    job::{Checkpoint, Job},
};
use accunode_ports::repositories::{ChunkRow, JOBS_AT_ONCE, JobChunk, Lease, RowResult};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesOrdered};
use tokio::sync::watch;

use super::{BulkUploads, process::Chunk, run::StopReason};

/// How many chunks of one job are stored side by side. A job that runs alone takes the place of
/// another one, so that a process never stores more chunks at once than it has places.
const CHUNKS_AT_ONCE: usize = 2;
const _: () = assert!(CHUNKS_AT_ONCE <= JOBS_AT_ONCE);

/// A chunk that is ready to be stored.
pub(super) struct Scored {
    rows: Vec<ChunkRow>,
    /// The row of the checkpoint before it.
    follows: u32,
    checkpoint: Checkpoint,
    /// Hashes of the companies and periods of its rows.
    company_periods: HashSet<u64>,
}

impl Scored {
    pub(super) fn of(rows: Vec<ChunkRow>, follows: u32, checkpoint: Checkpoint) -> Self {
        let scored = rows.iter().filter_map(|row| match &row.result {
            RowResult::Scored(scored) => Some((scored.company.symbol.as_str(), scored.period)),
            RowResult::Refused(_) | RowResult::LeftOut(_) => None,
        });
        Self {
            company_periods: scored.map(hash_of).collect(),
            rows,
            follows,
            checkpoint,
        }
    }
}

/// Returns the same for the same value. That two values have one hash only means that their
/// chunks are stored one after the other.
fn hash_of(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The newest of the chunks that are being stored.
struct Newest {
    company_periods: HashSet<u64>,
    /// Turns true when it is stored; it is dropped without that if it was not.
    stored: watch::Receiver<bool>,
}

/// The chunks of one job that are being stored, oldest first.
pub(super) struct Storing<'a> {
    bulk: &'a BulkUploads,
    job: &'a Job,
    lease: &'a Lease,
    /// The number of rows of the file.
    total: u32,
    under_way: FuturesOrdered<BoxFuture<'a, Result<u32, StopReason>>>,
    newest: Option<Newest>,
    /// The number of rows that were stored.
    done: u32,
}

impl<'a> Storing<'a> {
    pub(super) fn new(bulk: &'a BulkUploads, job: &'a Job, lease: &'a Lease, total: u32) -> Self {
        Self {
            bulk,
            job,
            lease,
            total,
            under_way: FuturesOrdered::new(),
            newest: None,
            done: 0,
        }
    }

    /// Does something else while chunks are stored. If that fails, the chunks are stored to
    /// their end first.
    pub(super) async fn beside<T>(
        &mut self,
        work: impl Future<Output = Result<T, StopReason>>,
    ) -> Result<T, StopReason> {
        let mut work = pin!(work);
        let worked = loop {
            tokio::select! {
                Some(stored) = self.under_way.next(), if !self.under_way.is_empty() => {
                    self.done += stored?;
                }
                worked = &mut work => break worked,
            }
        };
        if worked.is_err() {
            self.wait_until_under_way(0).await?;
        }
        worked
    }

    /// Waits until this chunk can begin.
    pub(super) async fn make_room(&mut self, chunk: &Scored) -> Result<(), StopReason> {
        let is_alone = self.bulk.running.load(Ordering::Relaxed) <= 1;
        let shares_nothing = self
            .newest
            .as_ref()
            .is_none_or(|newest| newest.company_periods.is_disjoint(&chunk.company_periods));
        let others = if is_alone && shares_nothing && !self.job.options.dry_run {
            CHUNKS_AT_ONCE - 1
        } else {
            0
        };
        self.wait_until_under_way(others).await
    }

    /// Begins to store a chunk, for which [`Storing::make_room`] has made room.
    pub(super) fn begin(&mut self, chunk: Scored) {
        let (stored, is_stored) = watch::channel(false);
        let newest = Newest {
            company_periods: chunk.company_periods,
            stored: is_stored,
        };
        let before = self.newest.replace(newest).map(|newest| newest.stored);
        let (bulk, job, lease) = (self.bulk, self.job, self.lease);
        let total = self.total;
        let store = async move {
            let count = u32::try_from(chunk.rows.len()).unwrap_or(u32::MAX);
            let (rows, checkpoint) = (chunk.rows, chunk.checkpoint);
            let (actor, chunk) = bulk
                .chunk_of(job, rows, chunk.follows, checkpoint, total)
                .await?;
            bulk.store_in_turn(job, lease, actor, chunk, before).await?;
            stored.send_replace(true);
            Ok(count)
        };
        self.under_way.push_back(store.boxed());
    }

    /// Waits until every chunk is stored, and returns the number of their rows.
    pub(super) async fn finish(mut self) -> Result<u32, StopReason> {
        self.wait_until_under_way(0).await?;
        Ok(self.done)
    }

    async fn wait_until_under_way(&mut self, most: usize) -> Result<(), StopReason> {
        while self.under_way.len() > most {
            if let Some(stored) = self.under_way.next().await {
                self.done += stored?;
            }
        }
        Ok(())
    }
}

impl BulkUploads {
    /// Returns a chunk as the job's creator stores it, with their current rights.
    async fn chunk_of(
        &self,
        job: &Job,
        rows: Vec<ChunkRow>,
        follows: u32,
        checkpoint: Checkpoint,
        total_rows: u32,
    ) -> Result<(Actor, Box<JobChunk>), StopReason> {
        let (actor, grant, home) = self.rights(job).await?;
        let chunk = JobChunk {
            grant,
            home,
            kind: job.kind,
            on_conflict: job.options.on_conflict,
            other_company: job.options.other_company,
            dry_run: job.options.dry_run,
            sectors: self.ports.scorer.training(job.kind).sectors,
            rows,
            follows,
            checkpoint,
            total_rows: Some(total_rows),
            row_budget: self.ports.settings.row_budget,
            context: RequestContext {
                request_id: job.id.to_string(),
                ..RequestContext::default()
            },
            predicted_at: self.ports.clock.now(),
        };
        Ok((actor, Box::new(chunk)))
    }

    /// Stores a chunk; once more if it began beside the chunk before it and failed. `before` is
    /// whether that one is stored.
    async fn store_in_turn(
        &self,
        job: &Job,
        lease: &Lease,
        actor: Actor,
        chunk: Box<JobChunk>,
        before: Option<watch::Receiver<bool>>,
    ) -> Result<(), StopReason> {
        let began_beside = before.filter(|before| !*before.borrow());
        let chunk = Chunk::Uploaded(chunk);
        let stored = self.store(job, lease, &actor, &chunk).await;
        let (Err(reason), Some(mut before)) = (&stored, began_beside) else {
            return stored;
        };
        // It is committed only after the chunk before it. While that one is being stored, even a
        // lost connection, or none to be had, only means that it is not stored.
        let may_be_stored = *before.borrow() && matches!(reason, StopReason::Outage(_));
        if before.wait_for(|stored| *stored).await.is_err() || may_be_stored {
            // What counts is the failure of the chunk before, or what the database says of this
            // one when it is available again.
            return stored;
        }
        let Chunk::Uploaded(mut chunk) = chunk else {
            return stored;
        };
        let (actor, grant, home) = self.rights(job).await?;
        (chunk.grant, chunk.home) = (grant, home);
        self.store(job, lease, &actor, &Chunk::Uploaded(chunk))
            .await
    }

    async fn store(
        &self,
        job: &Job,
        lease: &Lease,
        actor: &Actor,
        chunk: &Chunk,
    ) -> Result<(), StopReason> {
        let counts = self.store_chunk(job, &actor.scope(), lease, chunk).await?;
        self.ports.meter.rows_stored(&job.task, counts);
        if !job.options.dry_run {
            self.ports.invalidate_cached_stats(&[job.owner.key()]).await;
        }
        Ok(())
    }
}
