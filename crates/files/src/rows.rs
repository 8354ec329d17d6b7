//! The rows of a table, received from the thread that reads it.

use std::{
    fs::File,
    io::{Read, Seek},
    path::Path,
    vec,
};

use accunode_ports::files::{FileNote, OpenError, Peek, RowReader, SourceRow, TableChoice};
use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::{
    Limits, ParserSettings, fault,
    find::find,
    format::{Bytes, Format},
    parse::{Tally, Task},
    progress::Progress,
    worker::{self, Batch, Delivery, Ending, Reading, Source, Start},
};

/// The number of bytes after which a chunk ends, whatever number of rows was requested.
const CHUNK_BYTES: usize = 4 << 20;

/// The rows of one table. Dropping it ends the thread and the process that read them.
#[derive(Debug)]
pub struct Rows {
    total_rows: Option<u32>,
    size: u64,
    progress: Progress,
    batches: mpsc::Receiver<Batch>,
    batch: vec::IntoIter<SourceRow>,
    ending: Ending,
}

impl Rows {
    /// Waits for the start of a table.
    pub(crate) async fn start(reading: Reading) -> Result<Self, OpenError> {
        let (progress, size) = (Progress::default(), reading.size);
        let (start, batches) =
            worker::spawn_rows(reading, progress.clone()).map_err(fault::internal)?;
        let start = start.await.map_err(|_| ended_early())??;
        Ok(Self::new(start, size, progress, batches))
    }

    fn new(
        total_rows: Start,
        size: u64,
        progress: Progress,
        batches: mpsc::Receiver<Batch>,
    ) -> Self {
        Self {
            total_rows,
            size,
            progress,
            batches,
            batch: Vec::new().into_iter(),
            ending: Ending::default(),
        }
    }

    fn take(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Rows(rows) => self.batch = rows.into_iter(),
            Delivery::End(ending) => {
                self.total_rows = ending.total_rows.or(self.total_rows);
                self.ending = ending;
            }
        }
    }

    /// Returns the next row, for callers without a runtime.
    fn blocking_next(&mut self) -> Option<Result<SourceRow, OpenError>> {
        loop {
            if let Some(row) = self.batch.next() {
                return Some(Ok(row));
            }
            match self.batches.blocking_recv()? {
                Ok(delivery) => self.take(delivery),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// For the offline command; [`RowReader`] is for every other caller.
impl Iterator for Rows {
    type Item = Result<SourceRow, OpenError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.blocking_next()
    }
}

#[async_trait]
impl RowReader for Rows {
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
                Some(Ok(delivery)) => self.take(delivery),
                // The rows before the damage are returned; the damage is reported next.
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

    fn notes(&self) -> Vec<FileNote> {
        self.ending.notes.clone()
    }

    fn records_seen(&self) -> Option<u64> {
        self.ending.records_seen
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

/// The counts of the returned rows of a table, to be compared with its reader's independent
/// count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Books {
    /// Whether the independent count is of lines: then a row counts once more for each end
    /// of a line inside its cells.
    counts_lines: bool,
    rows: u64,
    line_ends: u64,
}

impl Books {
    pub(crate) fn of(format: Format) -> Self {
        Self {
            counts_lines: format != Format::Xlsx,
            rows: 0,
            line_ends: 0,
        }
    }

    pub(crate) fn enter(&mut self, rows: &[SourceRow]) {
        self.rows += rows.len() as u64;
        if self.counts_lines {
            let cells = rows.iter().flat_map(|row| &row.cells);
            self.line_ends += cells.map(|cell| line_ends(cell.as_bytes())).sum::<u64>();
        }
    }

    /// Returns how many rows should have been returned.
    pub(crate) const fn records_seen(&self, tally: Tally) -> u64 {
        tally
            .seen
            .saturating_sub(tally.passed_over)
            .saturating_sub(self.line_ends)
    }

    /// Returns whether that is the number of returned rows.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) const fn agree_with(&self, tally: Tally) -> bool {
        self.records_seen(tally) == self.rows
    }
}

/// Counts lines as their bytes arrive: `\n`, `\r\n` or a lone `\r` end one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LineCount {
    ends: u64,
    last: Option<u8>,
}

impl LineCount {
    /// Reads the next bytes.
    pub(crate) fn see(&mut self, bytes: &[u8]) {
        let mut at = 0;
        while let Some(found) = find(bytes.get(at..).unwrap_or_default(), |byte| {
            matches!(byte, b'\n' | b'\r')
        }) {
            at += found;
            let before = match at.checked_sub(1) {
                Some(before) => bytes.get(before).copied(),
                None => self.last,
            };
            let is_second = bytes.get(at) == Some(&b'\n') && before == Some(b'\r');
            self.ends += u64::from(!is_second);
            at += 1;
        }
        self.last = bytes.last().copied().or(self.last);
    }

    /// Returns the number of lines, including an unfinished last one.
    pub(crate) const fn total(&self) -> u64 {
        match self.last {
            None | Some(b'\n' | b'\r') => self.ends,
            Some(_) => self.ends + 1,
        }
    }
}

/// Returns the number of line ends in a text.
pub(crate) fn line_ends(bytes: &[u8]) -> u64 {
    let mut count = LineCount::default();
    count.see(bytes);
    count.ends
}

/// Returns the beginning of a file of the local disk without a runtime. Its format follows
/// from its name. It is read by a process that `parser` starts.
///
/// # Errors
/// As [`accunode_ports::files::FileStore::peek`].
///
/// # Panics
/// Inside an asynchronous runtime: it blocks.
pub fn peek_file(
    path: &Path,
    rows: u32,
    limits: Limits,
    parser: ParserSettings,
) -> Result<Peek, OpenError> {
    let reading = local(path, Task::Peek { rows }, limits, parser)?;
    let mut answer = worker::spawn_peek(reading).map_err(fault::internal)?;
    answer.blocking_recv().ok_or_else(ended_early)?
}

/// Opens a table of a file of the local disk as [`peek_file`] does.
///
/// # Errors
/// As [`accunode_ports::files::FileStore::open_rows`].
///
/// # Panics
/// Inside an asynchronous runtime, as its iterator does: it blocks.
pub fn read_rows(
    path: &Path,
    table: &TableChoice,
    limits: Limits,
    parser: ParserSettings,
) -> Result<Rows, OpenError> {
    let task = Task::Read {
        choice: table.clone(),
        after: 0,
    };
    let reading = local(path, task, limits, parser)?;
    let (progress, size) = (Progress::default(), reading.size);
    let (start, batches) =
        worker::spawn_rows(reading, progress.clone()).map_err(fault::internal)?;
    let start = start.blocking_recv().map_err(|_| ended_early())??;
    Ok(Rows::new(start, size, progress, batches))
}

fn local(
    path: &Path,
    task: Task,
    limits: Limits,
    parser: ParserSettings,
) -> Result<Reading, OpenError> {
    let name = path.file_name().map(|n| n.to_string_lossy());
    let name = name.as_deref().unwrap_or_default();
    let mut file = File::open(path).map_err(fault::store_failed)?;
    let format = if name.contains('.') {
        Format::promised(name)?
    } else {
        let mut head = Vec::new();
        let mut first = (&mut file).take(Bytes::NEEDED as u64);
        let read = first.read_to_end(&mut head).and_then(|_| file.rewind());
        read.map_err(fault::store_failed)?;
        Format::of_bytes(Bytes::of(&head))
    };
    let size = file.metadata().map_err(fault::store_failed)?.len();
    Ok(Reading {
        source: Source::File(file),
        format,
        task,
        limits,
        size,
        parser,
        permit: None,
    })
}
