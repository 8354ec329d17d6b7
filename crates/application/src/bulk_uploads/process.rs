//! Processing of a file by the worker: read a chunk, check and score it outside of its
//! transaction, and store it while the next one is read, checked and scored.

use accunode_domain::{
    access::{Actor, Grant, Scope},
    audit::RequestContext,
    fault::Fault,
    id::OrganizationId,
    intake::Plan,
    job::{Checkpoint, Job, JobCounts},
};
use accunode_ports::{
    files::{RowReader, SourceRow},
    repositories::{ChunkRow, JobChunk, Lease, OutcomeChunk, Renewal, RescoredChunk},
};
use tokio::sync::watch;

use super::{BulkUploads, Table, rows, run::StopReason, surveying::Surveying, table::apart};
use crate::Error;

/// The number of rows that are surveyed at a time before the first is stored.
const SURVEYED: usize = 4_096;

/// The rows that are stored in one transaction.
pub(super) enum Chunk {
    Uploaded(JobChunk),
    Rescored(RescoredChunk),
    Recorded(OutcomeChunk),
}

/// The rows of a file from a checkpoint on.
struct Rows {
    reader: Box<dyn RowReader>,
    /// The position after the last row that was read.
    checkpoint: Checkpoint,
    /// The number of rows that were read.
    read: u64,
}

/// A chunk that is ready to be stored.
struct Scored {
    rows: Vec<ChunkRow>,
    checkpoint: Checkpoint,
}

impl BulkUploads {
    pub(super) async fn try_process(
        &self,
        job: &Job,
        lease: &Lease,
        stop: &watch::Receiver<bool>,
    ) -> Result<u32, StopReason> {
        let checkpoint = job.checkpoint;
        let mut done = job.counts.processed();
        let table = self.table(job).await?;
        let (plan, total) = self.survey(job, lease, stop, &table).await?;
        let mut rows = Rows {
            reader: self.open(job, &table, checkpoint.row).await?,
            checkpoint,
            read: 0,
        };
        let mut next = self.next_chunk(job, &plan, &mut rows).await?;
        while let Some(chunk) = next {
            self.go_on(lease, stop).await?;
            let count = u32::try_from(chunk.rows.len()).unwrap_or(u32::MAX);
            // While the database stores a chunk, the next one is read, checked and scored. Only
            // stored chunks move the checkpoint, so a chunk that was scored in vain does no harm.
            let (stored, ahead) = tokio::join!(
                self.store(job, lease, chunk.rows, chunk.checkpoint, total),
                self.next_chunk(job, &plan, &mut rows),
            );
            stored?;
            done += count;
            next = ahead?;
        }
        account_for(rows.read, rows.reader.records_seen())?;
        Ok(done)
    }

    /// Returns the next rows of the file, checked and scored; `None` at its end.
    async fn next_chunk(
        &self,
        job: &Job,
        plan: &Plan,
        from: &mut Rows,
    ) -> Result<Option<Scored>, StopReason> {
        let chunk_rows = self.ports.settings.chunk_rows;
        let rows = from.reader.next_rows(chunk_rows).await;
        let rows = rows.map_err(Error::from)?;
        let Some(last) = rows.last() else {
            return Ok(None);
        };
        from.read += u64::try_from(rows.len()).unwrap_or(u64::MAX);
        from.checkpoint = Checkpoint {
            row: last.row,
            bytes: from.reader.bytes_read(),
            ..from.checkpoint
        };
        Ok(Some(Scored {
            rows: self.judge(job, plan, rows).await?,
            checkpoint: from.checkpoint,
        }))
    }

    /// Reads the file to its end and makes the plan for its rows. Warnings about the file are
    /// stored before its first row. The same file always gives the same plan, so a worker that
    /// continues a job makes it again.
    async fn survey(
        &self,
        job: &Job,
        lease: &Lease,
        stop: &watch::Receiver<bool>,
        table: &Table,
    ) -> Result<(Plan, u32), StopReason> {
        let mut reader = self.open(job, table, 0).await?;
        let mut surveying = Surveying::of(table, &job.options);
        loop {
            let rows = reader.next_rows(SURVEYED).await.map_err(Error::from)?;
            if rows.is_empty() {
                break;
            }
            self.go_on(lease, stop).await?;
            let seen = tokio::task::spawn_blocking(move || {
                surveying.see(rows);
                surveying
            });
            surveying = seen
                .await
                .map_err(|panic| Error::Internal(Box::new(panic)))?;
        }
        account_for(u64::from(surveying.rows()), reader.records_seen())?;
        let rows = surveying.rows();
        let medians = self.ports.scorer.training(job.kind).medians;
        let (plan, warnings) = surveying
            .finish(table, reader.notes(), &medians)
            .map_err(StopReason::unusable)?;
        if job.columns.is_empty() {
            self.ports
                .queue
                .describe(lease, plan.layout().names(), &warnings)
                .await
                .map_err(Error::from)?;
        }
        Ok((plan, rows))
    }

    /// Returns the table of the job's file.
    async fn table(&self, job: &Job) -> Result<Table, StopReason> {
        let (key, name) = (&job.file_key, &job.original_filename);
        let peek = self.ports.files.peek(key, name, Table::PEEK).await;
        let peek = peek.map_err(Error::from)?;
        let (kind, sheet) = (job.kind, job.options.sheet.clone());
        apart(move || Table::choose(kind, &peek, sheet.as_deref()))
            .await?
            .map_err(StopReason::unusable)
    }

    /// Returns whether to continue. It is asked before each chunk, so that a cancellation takes
    /// effect soon.
    pub(super) async fn go_on(
        &self,
        lease: &Lease,
        stop: &watch::Receiver<bool>,
    ) -> Result<(), StopReason> {
        match self.ports.queue.renew(lease).await.map_err(Error::from)? {
            Renewal::Continue if *stop.borrow() => Err(StopReason::Stopped),
            Renewal::Continue => Ok(()),
            Renewal::CancelRequested => Err(StopReason::Cancelled),
            Renewal::Lost => Err(StopReason::Lost),
        }
    }

    async fn open(
        &self,
        job: &Job,
        table: &Table,
        after: u32,
    ) -> Result<Box<dyn RowReader>, Error> {
        let (key, name) = (&job.file_key, &job.original_filename);
        let files = &self.ports.files;
        Ok(files.open_rows(key, name, &table.choice, after).await?)
    }

    async fn judge(
        &self,
        job: &Job,
        plan: &Plan,
        rows: Vec<SourceRow>,
    ) -> Result<Vec<ChunkRow>, Error> {
        let (scorer, ids) = (self.ports.scorer.clone(), self.ports.ids.clone());
        let (options, plan) = (job.options.clone(), plan.clone());
        tokio::task::spawn_blocking(move || rows::judge(&options, &plan, rows, &*scorer, &*ids))
            .await
            .map_err(|panic| Error::Internal(Box::new(panic)))?
            .map_err(Error::from)
    }

    /// Stores a chunk as the job's creator, with their current rights.
    async fn store(
        &self,
        job: &Job,
        lease: &Lease,
        rows: Vec<ChunkRow>,
        checkpoint: Checkpoint,
        total_rows: u32,
    ) -> Result<(), StopReason> {
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
            checkpoint,
            total_rows: Some(total_rows),
            row_budget: self.ports.settings.row_budget,
            context: RequestContext {
                request_id: job.id.to_string(),
                ..RequestContext::default()
            },
            predicted_at: self.ports.clock.now(),
        };
        let counts = self
            .store_chunk(&actor.scope(), lease, &Chunk::Uploaded(chunk))
            .await?;
        self.ports.meter.rows_stored(&job.task, counts);
        if !job.options.dry_run {
            self.ports.forget_figures(&[grant.owner().key()]).await;
        }
        Ok(())
    }

    pub(super) async fn store_chunk(
        &self,
        scope: &Scope,
        lease: &Lease,
        chunk: &Chunk,
    ) -> Result<JobCounts, Error> {
        self.ports
            .transaction(scope, |unit| async move {
                let jobs = unit.jobs();
                Ok(match chunk {
                    Chunk::Uploaded(chunk) => jobs.store_chunk(scope, lease, chunk).await?,
                    Chunk::Rescored(chunk) => jobs.store_rescored(lease, chunk).await?,
                    Chunk::Recorded(chunk) => jobs.store_outcomes(scope, lease, chunk).await?,
                })
            })
            .await
    }

    /// Returns the current rights of the job's creator, computed anew.
    pub(super) async fn rights(
        &self,
        job: &Job,
    ) -> Result<(Actor, Grant, Option<OrganizationId>), StopReason> {
        let lost = || {
            StopReason::Failed(Fault::new(
                "",
                "rights_lost",
                "the user who sent this upload may not store for its owner any more; what was stored stays",
            ))
        };
        let found = self
            .ports
            .store
            .auth()
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

/// Checks that the reader returned as many rows as an independent count of the file found.
pub(super) fn account_for(read: u64, records: Option<u64>) -> Result<(), StopReason> {
    match records {
        Some(records) if records != read => Err(StopReason::Failed(Fault::new(
            "/file",
            "rows_unaccounted",
            format!(
                "{read} rows were read and the file has {records}: the file is not what it \
                 seems, or its reader has a defect; save the rows as CSV and send that"
            ),
        ))),
        _ => Ok(()),
    }
}
