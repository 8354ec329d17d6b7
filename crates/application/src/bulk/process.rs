//! The worker's way through a file: read a chunk, check and score it outside of any
//! transaction, store it.

use accunode_domain::{
    access::{Actor, Grant, Scope},
    audit::RequestContext,
    fault::Fault,
    id::OrganizationId,
    job::{Checkpoint, Job},
    ratio::UnitCheck,
};
use accunode_ports::{
    files::{RowReader, SourceRow},
    jobs::{Lease, Renewal},
    repositories::{ChunkRow, JobChunk, RescoredChunk},
};
use tokio::sync::watch;

use super::{Bulk, Columns, Table, rows, run::StopReason};
use crate::Error;

/// What is stored in one transaction.
pub(super) enum Chunk {
    Uploaded(JobChunk),
    Rescored(RescoredChunk),
}

impl Bulk {
    pub(super) async fn try_process(
        &self,
        job: &Job,
        lease: &Lease,
        stop: &watch::Receiver<bool>,
    ) -> Result<u32, StopReason> {
        let mut checkpoint = job.checkpoint;
        let mut done = job.counts.processed();
        let table = self.table(job).await?;
        let mut reader = self.open(job, &table, checkpoint.row).await?;
        let columns = Columns::of(job.kind, &table.columns).map_err(Error::Invalid)?;
        if job.columns.is_empty() {
            self.ports
                .queue
                .describe(lease, &table.columns, &columns.warnings())
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
            let rows: Vec<_> = rows.into_iter().map(|row| table.fit(row)).collect();
            if rows.is_empty() {
                return Ok(done);
            }
            if !checkpoint.units_checked {
                self.warn_of_turnovers(job, lease, &columns, &table.columns, &rows)
                    .await?;
                if !job.options.confirm_units {
                    rows::check_units(job.kind, &job.options, &columns, &rows).map_err(
                        |mismatch| {
                            StopReason::Failed(Fault::new(
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
    ) -> Result<(), StopReason> {
        match self.ports.queue.renew(lease).await.map_err(Error::from)? {
            Renewal::Continue if *stop.borrow() => Err(StopReason::Stopped),
            Renewal::Continue => Ok(()),
            Renewal::CancelRequested => Err(StopReason::Cancelled),
            Renewal::Lost => Err(StopReason::Lost),
        }
    }

    async fn table(&self, job: &Job) -> Result<Table, Error> {
        let (key, name) = (&job.file_key, &job.original_filename);
        let peek = self.ports.files.peek(key, name, Table::PEEK).await?;
        Table::first(peek).map_err(Error::invalid)
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
    ) -> Result<(), StopReason> {
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

    pub(super) async fn store_chunk(
        &self,
        scope: &Scope,
        lease: &Lease,
        chunk: &Chunk,
    ) -> Result<(), Error> {
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
    ) -> Result<(Actor, Grant, Option<OrganizationId>), StopReason> {
        let lost = || {
            StopReason::Failed(Fault::new(
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
