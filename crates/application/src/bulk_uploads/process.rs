//! Processing of a file by the worker: read a chunk, check and score it outside of its
//! transaction, and store it ([`Storing`]) while the next one is read, checked and scored.

use accunode_domain::{
    access::{Actor, Grant, Scope},
    fault::Fault,
    id::OrganizationId,
    intake::Plan,
    job::{Checkpoint, Job, JobCounts},
};
use accunode_ports::{
    files::RowReader,
    repositories::{JobChunk, Lease, OutcomeChunk, Renewal, RescoredChunk},
    scoring::ScoringError,
};
use tokio::sync::watch;

use super::{
    BulkUploads, Table, rows,
    run::StopReason,
    storing::{Scored, Storing},
    surveying::Surveying,
    table::apart,
};
use crate::Error;

/// The number of rows that are surveyed at a time before the first is stored. After each part the
/// lease is renewed, which waits for the disk.
const SURVEYED: usize = 16_384;

/// The rows that are stored in one transaction.
pub(super) enum Chunk {
    Uploaded(Box<JobChunk>),
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

impl BulkUploads {
    pub(super) async fn try_process(
        &self,
        job: &Job,
        lease: &Lease,
        stop: &watch::Receiver<bool>,
    ) -> Result<u32, StopReason> {
        let checkpoint = job.checkpoint;
        let table = self.table(job).await?;
        let (plan, total) = self.survey(job, lease, stop, &table).await?;
        let mut rows = Rows {
            reader: self.open(job, &table, checkpoint.row).await?,
            checkpoint,
            read: 0,
        };
        let mut storing = Storing::new(self, job, lease, total);
        // While the database stores chunks, the next one is read, checked and scored. Only stored
        // chunks move the checkpoint, so a chunk that was scored in vain does no harm.
        while let Some(chunk) = storing
            .beside(self.next_chunk(job, &plan, &mut rows))
            .await?
        {
            storing.make_room(&chunk).await?;
            storing.beside(self.go_on(lease, stop)).await?;
            storing.begin(chunk);
        }
        let done = job.counts.processed() + storing.finish().await?;
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
        let follows = from.checkpoint.row;
        from.read += u64::try_from(rows.len()).unwrap_or(u64::MAX);
        from.checkpoint = Checkpoint {
            row: last.row,
            bytes: from.reader.bytes_read(),
            ..from.checkpoint
        };
        let (scorer, ids) = (self.ports.scorer.clone(), self.ports.ids.clone());
        let (options, plan, checkpoint) = (job.options.clone(), plan.clone(), from.checkpoint);
        let scored = tokio::task::spawn_blocking(move || {
            let rows = rows::validate_and_score(&options, &plan, rows, &*scorer, &*ids)?;
            Ok(Scored::of(rows, follows, checkpoint))
        });
        let scored: Result<_, ScoringError> = scored
            .await
            .map_err(|panic| Error::Internal(Box::new(panic)))?;
        Ok(Some(scored.map_err(Error::from)?))
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
        let mut surveying = Surveying::of(table, &job.options, self.ports.clock.now());
        let mut rows = Vec::new();
        loop {
            let seen = tokio::task::spawn_blocking(move || {
                surveying.see(rows);
                surveying
            });
            let (seen, next) = tokio::join!(seen, reader.next_rows(SURVEYED));
            surveying = seen.map_err(|panic| Error::Internal(Box::new(panic)))?;
            rows = next.map_err(Error::from)?;
            if rows.is_empty() {
                break;
            }
            self.go_on(lease, stop).await?;
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

    pub(super) async fn store_chunk(
        &self,
        job: &Job,
        scope: &Scope,
        lease: &Lease,
        chunk: &Chunk,
    ) -> Result<JobCounts, Error> {
        // Before and after it: the job's creator may see the chunk counted, and read its rows,
        // before this process continues.
        self.ports.note_write(job.created_by).await;
        let stored = self
            .ports
            .transaction(scope, |unit| async move {
                let jobs = unit.jobs();
                Ok(match chunk {
                    Chunk::Uploaded(chunk) => jobs.store_chunk(scope, lease, chunk).await?,
                    Chunk::Rescored(chunk) => jobs.store_rescored(lease, chunk).await?,
                    Chunk::Recorded(chunk) => jobs.store_outcomes(scope, lease, chunk).await?,
                })
            })
            .await;
        self.ports.note_write(job.created_by).await;
        stored
    }

    /// Returns the current rights of the job's creator, computed anew: they are members of the
    /// owner, active, and have a second factor if their organization requires one by now. A job
    /// does not outlive the API key that created it.
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
        if let Some(key) = job.api_key {
            let now = self.ports.clock.now();
            let is_valid = self.ports.store.api_keys().is_valid(key, now).await;
            if !is_valid.map_err(Error::from)? {
                return Err(lost());
            }
        }
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
        // As for an API key: a job presents no device, so its creator must have a factor.
        if actor.require_second_factor(false).is_err() {
            let factors = self.ports.store.second_factors();
            let factor = factors.find(job.created_by).await.map_err(Error::from)?;
            let is_confirmed = factor.is_some_and(|factor| factor.is_confirmed);
            let allowed = actor.require_second_factor(is_confirmed);
            allowed.map_err(|_| lost())?;
        }
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
