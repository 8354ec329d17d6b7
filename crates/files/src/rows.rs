//! The rows of a file, as they arrive from the thread that reads it.

use std::{fs::File, path::Path, vec};

use accunode_ports::files::{OpenError, RowReader, SourceRow};
use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::{
    Limits, ParserSettings, fault,
    format::Format,
    progress::Progress,
    worker::{self, Batch, Header, Reading, Source},
};

/// A chunk ends after so many bytes, whatever number of rows was asked for.
const CHUNK_BYTES: usize = 4 << 20;

/// The rows of one file. Dropping it ends the thread and the process that read them.
#[derive(Debug)]
pub struct Rows {
    columns: Vec<String>,
    total_rows: Option<u32>,
    size: u64,
    progress: Progress,
    batches: mpsc::Receiver<Batch>,
    batch: vec::IntoIter<SourceRow>,
}

impl Rows {
    /// Waits for the header of a file.
    pub(crate) async fn start(reading: Reading) -> Result<Self, OpenError> {
        let (progress, size) = (Progress::default(), reading.size);
        let (header, batches) =
            worker::spawn(reading, progress.clone()).map_err(fault::internal)?;
        let header = header.await.map_err(|_| ended_early())??;
        Ok(Self::new(header, size, progress, batches))
    }

    fn new(
        (columns, total_rows): Header,
        size: u64,
        progress: Progress,
        batches: mpsc::Receiver<Batch>,
    ) -> Self {
        Self {
            columns,
            total_rows,
            size,
            progress,
            batches,
            batch: Vec::new().into_iter(),
        }
    }

    /// The names of the columns, trimmed, lower-cased, blanks as underscores.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Rows of data, where a workbook says so; it may count blank ones.
    #[must_use]
    pub const fn total_rows(&self) -> Option<u32> {
        self.total_rows
    }

    /// The next row, for callers without a runtime.
    fn blocking_next(&mut self) -> Option<Result<SourceRow, OpenError>> {
        loop {
            if let Some(row) = self.batch.next() {
                return Some(Ok(row));
            }
            match self.batches.blocking_recv()? {
                Ok(batch) => self.batch = batch.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// For the offline command; [`RowReader`] is for everybody else.
impl Iterator for Rows {
    type Item = Result<SourceRow, OpenError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.blocking_next()
    }
}

#[async_trait]
impl RowReader for Rows {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn total_rows(&self) -> Option<u32> {
        self.total_rows
    }

    fn bytes_read(&self) -> u64 {
        // A workbook's directory and parts are read more than once.
        self.progress.bytes().min(self.size)
    }

    async fn next_rows(&mut self, max: usize) -> Result<Vec<SourceRow>, OpenError> {
        let mut rows = Vec::with_capacity(max.min(4_096));
        let mut bytes = 0;
        while rows.len() < max && bytes < CHUNK_BYTES {
            if let Some(row) = self.batch.next() {
                bytes += worker::size_of_row(&row);
                rows.push(row);
                continue;
            }
            match self.batches.recv().await {
                Some(Ok(batch)) => self.batch = batch.into_iter(),
                // What came before the damage is handed on; the damage is told next.
                Some(Err(error)) if rows.is_empty() => return Err(error),
                Some(Err(error)) => {
                    self.failed(error);
                    break;
                }
                None => break,
            }
        }
        Ok(rows)
    }
}

impl Rows {
    /// Keeps an error for the next call.
    fn failed(&mut self, error: OpenError) {
        let (sender, batches) = mpsc::channel(1);
        // There is room for exactly this one.
        drop(sender.try_send(Err(error)));
        self.batches = batches;
    }
}

fn ended_early() -> accunode_ports::PortError {
    fault::internal("the reading thread ended early")
}

/// Opens a file of the local disk, its format told by its name, without a runtime. It
/// is read by a process that `parser` starts.
///
/// # Errors
/// As [`accunode_ports::files::FileStore::open_rows`].
///
/// # Panics
/// Inside an asynchronous runtime, as its iterator does: it blocks.
pub fn read_rows(path: &Path, limits: Limits, parser: ParserSettings) -> Result<Rows, OpenError> {
    let name = path.file_name().map(|n| n.to_string_lossy());
    let format = Format::promised(name.as_deref().unwrap_or_default())?;
    let file = File::open(path).map_err(fault::store_failed)?;
    let size = file.metadata().map_err(fault::store_failed)?.len();
    let reading = Reading {
        source: Source::File(file),
        format,
        limits,
        size,
        after: 0,
        rows: u32::MAX,
        parser,
        permit: None,
    };
    let progress = Progress::default();
    let (header, batches) = worker::spawn(reading, progress.clone()).map_err(fault::internal)?;
    let header = header.blocking_recv().map_err(|_| ended_early())??;
    Ok(Rows::new(header, size, progress, batches))
}
