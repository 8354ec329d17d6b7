//! One job, from where it stands to its end.

use std::time::Duration;

use accunode_domain::{
    access::{Actor, Grant, Scope},
    audit::RequestContext,
    fault::Fault,
    id::OrganizationId,
    job::{Checkpoint, Job, JobStatus, Task},
    ratio::UnitCheck,
};
use accunode_ports::{
    files::{RowReader, SourceRow},
    jobs::{Lease, Renewal},
    repositories::{ChunkRow, JobChunk, RescoredChunk},
};
use tokio::{sync::watch, task::JoinHandle};

use super::{Bulk, Columns, rows};
use crate::Error;

/// How often a lease is renewed while a job is worked on.
const HEARTBEAT: Duration = Duration::from_secs(8);
/// How long the open chunk may take when the process stops. After that the job is given
/// back without it: the lease is void then, so that the chunk cannot be stored.
const LAST_CHUNK: Duration = Duration::from_secs(10);
/// How often a chunk is tried where the database made it the victim of a deadlock
/// or is away for a moment.
const TRIES: u32 = 5;

/// Why a job was left before its end.
pub(super) enum Left {
    /// It cannot be done; the fault is for its creator.
    Failed(Fault),
    /// Its creator wants it to stop.
    Cancelled,
    /// This process shuts down.
    Stopped,
    /// Another worker has it.
    Lost,
    /// Something outside failed: the lease runs out and somebody tries again.
    Trouble(Error),
}

/// What is stored in one transaction.
pub(super) enum Chunk {
    Uploaded(JobChunk),
    Rescored(RescoredChunk),
}

impl From<Error> for Left {
    fn from(error: Error) -> Self {
        match error {
            Error::Stale => Self::Lost,
            Error::Invalid(mut faults) if !faults.is_empty() => Self::Failed(faults.remove(0)),
            other => Self::Trouble(other),
        }
    }
}

impl Bulk {
    /// Works on a job until its end, or until `stop` turns true.
    pub async fn process(&self, job: Job, lease: Lease, stop: &watch::Receiver<bool>) {
        let beat = Heartbeat::start(self, lease);
        let id = job.id;
        let work = async {
            match &job.task {
                Task::Upload => self.try_process(&job, &lease, stop).await,
                Task::Rescore(rescoring) => self.try_rescore(&job, rescoring, &lease, stop).await,
            }
        };
        let outcome = tokio::select! {
            outcome = work => outcome,
            () = overdue(stop) => Err(Left::Stopped),
        };
        drop(beat);
        let queue = &self.ports.queue;
        let closed = match outcome {
            Ok(total) => {
                tracing::info!(job = %id, rows = total, "bulk upload completed");
                queue
                    .finish(&lease, JobStatus::Completed, None, Some(total))
                    .await
            }
            Err(Left::Failed(fault)) => {
                tracing::info!(job = %id, code = fault.code, "bulk upload failed");
                queue
                    .finish(&lease, JobStatus::Failed, Some(fault), None)
                    .await
            }
            Err(Left::Cancelled) => queue.finish(&lease, JobStatus::Cancelled, None, None).await,
            Err(Left::Stopped) => queue.release(&lease).await,
            Err(Left::Lost) => {
                tracing::warn!(job = %id, "another worker has taken this bulk upload");
                Ok(())
            }
            Err(Left::Trouble(error)) => {
                tracing::error!(job = %id, error = &error as &dyn std::error::Error, "bulk upload interrupted; it is tried again when its lease runs out");
                Ok(())
            }
        };
        if let Err(error) = closed {
            tracing::warn!(job = %id, %error, "the end of a bulk upload could not be noted; it is taken up again");
        }
    }

    async fn try_process(
        &self,
        job: &Job,
        lease: &Lease,
        stop: &watch::Receiver<bool>,
    ) -> Result<u32, Left> {
        let mut checkpoint = job.checkpoint;
        let mut done = job.counts.processed();
        let mut reader = self.open(job, checkpoint.row).await?;
        let columns = Columns::of(job.kind, reader.columns()).map_err(Error::Invalid)?;
        if job.columns.is_empty() {
            self.ports
                .queue
                .describe(lease, reader.columns(), &columns.warnings())
                .await
                .map_err(Error::from)?;
        }
        let chunk_rows = self.ports.settings.chunk_rows;
        loop {
            let wanted = if checkpoint.units_checked {
                chunk_rows
            } else {
                chunk_rows.max(UnitCheck::ROWS)
            };
            let rows = reader.next_rows(wanted).await.map_err(Error::from)?;
            if rows.is_empty() {
                return Ok(done);
            }
            if !checkpoint.units_checked {
                self.warn_of_turnovers(job, lease, &columns, reader.columns(), &rows)
                    .await?;
                if !job.options.confirm_units {
                    rows::check_units(job.kind, &job.options, &columns, &rows).map_err(
                        |mismatch| {
                            Left::Failed(Fault::new(
                                "/ratio_unit",
                                "unit_mismatch",
                                mismatch.to_string(),
                            ))
                        },
                    )?;
                }
                checkpoint.units_checked = true;
            }
            self.go_on(lease, stop).await?;
            let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            checkpoint = Checkpoint {
                row: rows.last().map_or(checkpoint.row, |row| row.row),
                bytes: reader.bytes_read(),
                ..checkpoint
            };
            let judged = self.judge(job, &columns, rows).await?;
            self.store(job, lease, judged, checkpoint, reader.total_rows())
                .await?;
            done += count;
        }
    }

    /// Tells what the first rows say of the turnovers, beside what the header said.
    async fn warn_of_turnovers(
        &self,
        job: &Job,
        lease: &Lease,
        columns: &Columns,
        header: &[String],
        rows: &[SourceRow],
    ) -> Result<(), Error> {
        let medians = self.ports.scorer.training(job.kind).medians;
        let warning = rows::turnover_warning(job.kind, &job.options, columns, rows, &medians);
        if let Some(warning) = warning {
            let mut warnings = columns.warnings();
            warnings.push(warning);
            self.ports.queue.describe(lease, header, &warnings).await?;
        }
        Ok(())
    }

    /// Whether to go on: asked before each chunk, so that a wish to cancel is heard at once.
    pub(super) async fn go_on(
        &self,
        lease: &Lease,
        stop: &watch::Receiver<bool>,
    ) -> Result<(), Left> {
        match self.ports.queue.renew(lease).await.map_err(Error::from)? {
            Renewal::Continue if *stop.borrow() => Err(Left::Stopped),
            Renewal::Continue => Ok(()),
            Renewal::CancelRequested => Err(Left::Cancelled),
            Renewal::Lost => Err(Left::Lost),
        }
    }

    async fn open(&self, job: &Job, after: u32) -> Result<Box<dyn RowReader>, Error> {
        Ok(self
            .ports
            .files
            .open_rows(&job.file_key, &job.original_filename, after)
            .await?)
    }

    async fn judge(
        &self,
        job: &Job,
        columns: &Columns,
        rows: Vec<SourceRow>,
    ) -> Result<Vec<ChunkRow>, Error> {
        let (scorer, ids) = (self.ports.scorer.clone(), self.ports.ids.clone());
        let (kind, options, columns) = (job.kind, job.options, columns.clone());
        tokio::task::spawn_blocking(move || {
            rows::judge(kind, &options, &columns, rows, &*scorer, &*ids)
        })
        .await
        .map_err(|panic| Error::Internal(Box::new(panic)))?
        .map_err(Error::from)
    }

    /// Stores a chunk as the job's creator, with his rights worked out anew.
    async fn store(
        &self,
        job: &Job,
        lease: &Lease,
        rows: Vec<ChunkRow>,
        checkpoint: Checkpoint,
        total_rows: Option<u32>,
    ) -> Result<(), Left> {
        let (actor, grant, home) = self.rights(job).await?;
        let chunk = JobChunk {
            grant,
            home,
            kind: job.kind,
            on_conflict: job.options.on_conflict,
            dry_run: job.options.dry_run,
            sectors: self.ports.scorer.training(job.kind).sectors,
            rows,
            checkpoint,
            total_rows,
            row_budget: self.ports.settings.row_budget,
            context: RequestContext {
                request_id: job.id.to_string(),
                ..RequestContext::default()
            },
            predicted_at: self.ports.clock.now(),
        };
        self.store_chunk(&actor.scope(), lease, &Chunk::Uploaded(chunk))
            .await?;
        if !job.options.dry_run {
            self.ports.forget_figures(&[grant.owner().key()]).await;
        }
        Ok(())
    }

    /// Stores a chunk, again where the database was away for a moment.
    pub(super) async fn store_chunk(
        &self,
        scope: &Scope,
        lease: &Lease,
        chunk: &Chunk,
    ) -> Result<(), Error> {
        let mut tries = 1;
        loop {
            match self.try_store(scope, lease, chunk).await {
                Err(Error::Unavailable(cause)) if tries < TRIES => {
                    tracing::warn!(job = %lease.job, %cause, tries, "a chunk is stored again");
                    tokio::time::sleep(Duration::from_millis(50) * 2_u32.pow(tries)).await;
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    async fn try_store(&self, scope: &Scope, lease: &Lease, chunk: &Chunk) -> Result<(), Error> {
        self.ports
            .transaction(scope, |unit| async move {
                match chunk {
                    Chunk::Uploaded(chunk) => unit.jobs().store_chunk(scope, lease, chunk).await?,
                    Chunk::Rescored(chunk) => unit.jobs().store_rescored(lease, chunk).await?,
                };
                Ok(())
            })
            .await
    }

    /// What the job's creator may do now: his rights are worked out anew.
    pub(super) async fn rights(
        &self,
        job: &Job,
    ) -> Result<(Actor, Grant, Option<OrganizationId>), Left> {
        let lost = || {
            Left::Failed(Fault::new(
                "",
                "rights_lost",
                "whoever sent this upload may not store for its owner any more; what was stored stays",
            ))
        };
        let found = self
            .ports
            .store
            .users()
            .with_membership(job.created_by)
            .await
            .map_err(Error::from)?;
        let (user, membership, _) = found.ok_or_else(lost)?;
        let actor = Actor::new(&user, membership).map_err(|_| lost())?;
        actor.require_active_organization().map_err(|_| lost())?;
        let grant = actor
            .create(Some(job.owner.level()), job.owner.organization())
            .map_err(|_| lost())?;
        let home = actor.organization();
        Ok((actor, grant, home))
    }
}

/// Returns when a job that is to stop has not come to its next chunk for a while.
async fn overdue(stop: &watch::Receiver<bool>) {
    let mut stop = stop.clone();
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Nobody can tell it to stop any more: then it runs to its end.
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(LAST_CHUNK).await;
}

/// Renews a lease while something takes longer than a chunk, like opening a large
/// workbook. Whether it still is ours is asked before each chunk.
struct Heartbeat(JoinHandle<()>);

impl Heartbeat {
    fn start(bulk: &Bulk, lease: Lease) -> Self {
        let queue = bulk.ports.queue.clone();
        Self(bulk.ports.tasks.background(async move {
            loop {
                tokio::time::sleep(HEARTBEAT).await;
                match queue.renew(&lease).await {
                    Ok(Renewal::Lost) => return,
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(job = %lease.job, %error, "a lease could not be renewed");
                    }
                }
            }
        }))
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.abort();
    }
}
