//! Processing of a file of company outcomes by the worker: rows are counted first, then read
//! and stored chunk by chunk, as in files of statements.

use std::collections::{HashMap, hash_map::Entry};

use accunode_domain::{
    access::Scope,
    audit::RequestContext,
    default_definition::Definition,
    fault::Fault,
    id::OutcomeId,
    intake::OutcomeLayout,
    job::{Checkpoint, Job},
    owner::Owner,
};
use accunode_ports::{
    files::{RowReader, SourceRow},
    repositories::{Lease, NewOutcome, OutcomeChunk, OutcomeRow},
};
use time::Date;
use tokio::sync::watch;

use super::{
    BulkUploads, Table,
    process::{Chunk, account_for},
    rows::as_csv,
    run::StopReason,
    table::apart,
};
use crate::{Error, default_definitions::usable};

/// The number of rows that are counted at a time before the first is stored.
const COUNTED: usize = 4_096;

impl BulkUploads {
    /// Records the outcomes of the remaining rows, and returns how many rows the job
    /// accounted for.
    pub(super) async fn try_record(
        &self,
        job: &Job,
        lease: &Lease,
        stop: &watch::Receiver<bool>,
    ) -> Result<u32, StopReason> {
        let mut checkpoint = job.checkpoint;
        let mut done = job.counts.processed();
        let table = self.table_of_outcomes(job).await?;
        let total_rows = self.count(job, lease, stop, &table).await?;
        let mut reader = self.open_outcomes(job, &table, checkpoint.row).await?;
        let mut read = 0_u64;
        loop {
            let rows = reader
                .next_rows(self.ports.settings.chunk_rows)
                .await
                .map_err(Error::from)?;
            if rows.is_empty() {
                account_for(read, reader.records_seen())?;
                return Ok(done);
            }
            self.go_on(lease, stop).await?;
            let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            read += u64::from(count);
            checkpoint = Checkpoint {
                row: rows.last().map_or(checkpoint.row, |row| row.row),
                bytes: reader.bytes_read(),
                ..checkpoint
            };
            let (actor, grant, _) = self.rights(job).await?;
            let mut rows = self.read_outcomes(&table.layout, rows);
            self.refuse_definitions(&actor.scope(), grant.owner(), &mut rows)
                .await?;
            let chunk = OutcomeChunk {
                grant,
                dry_run: job.options.dry_run,
                rows,
                checkpoint,
                total_rows,
                row_budget: self.ports.settings.row_budget,
                context: RequestContext {
                    request_id: job.id.to_string(),
                    ..RequestContext::default()
                },
            };
            let counts = self
                .store_chunk(job, &actor.scope(), lease, &Chunk::Recorded(chunk))
                .await?;
            self.ports.meter.rows_stored(&job.task, counts);
            done += count;
        }
    }

    /// Turns rows that name a definition which the owner does not have, or which is retired, into
    /// failed ones. Each name is looked up once in a chunk.
    async fn refuse_definitions(
        &self,
        scope: &Scope,
        owner: Owner,
        rows: &mut [OutcomeRow],
    ) -> Result<(), Error> {
        let mut looked_up: HashMap<Definition, Option<Fault>> = HashMap::new();
        for row in rows {
            let named = row.read.as_ref().map(|new| new.facts.definition);
            let Ok(name @ Definition::Own(_)) = named else {
                continue;
            };
            let fault = match looked_up.entry(name) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    new.insert(usable(&self.ports, scope, owner, "definition", name).await?)
                }
            };
            if let Some(fault) = fault {
                row.read = Err(vec![fault.clone()]);
            }
        }
        Ok(())
    }

    /// Reads the file to its end. Warnings about it are stored before its first row.
    async fn count(
        &self,
        job: &Job,
        lease: &Lease,
        stop: &watch::Receiver<bool>,
        table: &Table<OutcomeLayout>,
    ) -> Result<u32, StopReason> {
        let mut reader = self.open_outcomes(job, table, 0).await?;
        let mut counted = 0_u32;
        loop {
            let rows = reader.next_rows(COUNTED).await.map_err(Error::from)?;
            if rows.is_empty() {
                break;
            }
            self.go_on(lease, stop).await?;
            counted = counted.saturating_add(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        }
        account_for(u64::from(counted), reader.records_seen())?;
        if job.columns.is_empty() {
            let warnings = table.with_notes(reader.notes());
            self.ports
                .queue
                .describe(lease, table.layout.names(), &warnings)
                .await
                .map_err(Error::from)?;
        }
        Ok(counted)
    }

    async fn table_of_outcomes(&self, job: &Job) -> Result<Table<OutcomeLayout>, StopReason> {
        let (key, name) = (&job.file_key, &job.original_filename);
        let peek = self.ports.files.peek(key, name, Table::PEEK).await;
        let peek = peek.map_err(Error::from)?;
        let sheet = job.options.sheet.clone();
        apart(move || Table::of_outcomes(&peek, sheet.as_deref()))
            .await?
            .map_err(StopReason::unusable)
    }

    async fn open_outcomes(
        &self,
        job: &Job,
        table: &Table<OutcomeLayout>,
        after: u32,
    ) -> Result<Box<dyn RowReader>, Error> {
        let (key, name) = (&job.file_key, &job.original_filename);
        let files = &self.ports.files;
        Ok(files.open_rows(key, name, &table.choice, after).await?)
    }

    fn read_outcomes(&self, layout: &OutcomeLayout, rows: Vec<SourceRow>) -> Vec<OutcomeRow> {
        let today = self.ports.clock.now().date();
        let read = |row: SourceRow| OutcomeRow {
            row: row.row,
            source: as_csv(&row.cells),
            read: self.read_outcome(layout, &row, today),
        };
        rows.into_iter().map(read).collect()
    }

    fn read_outcome(
        &self,
        layout: &OutcomeLayout,
        row: &SourceRow,
        today: Date,
    ) -> Result<NewOutcome, Vec<Fault>> {
        if let Some(fault) = &row.fault {
            return Err(vec![fault.clone()]);
        }
        let (symbol, facts) = layout.outcome(&row.cells, today)?;
        Ok(NewOutcome {
            id: OutcomeId(self.ports.ids.new_id()),
            symbol,
            facts,
        })
    }
}
