//! The thread that reads a file with a parser process, and passes its results on.

use std::{
    io::{self, Read, Seek, SeekFrom},
    thread,
    time::Duration,
};

use accunode_ports::files::{FileNote, OpenError, Peek, SourceRow, TableHead};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use crate::{
    Limits, ParserSettings, fault,
    format::Format,
    parse::{Flow, TableEnd, TableStart, Task},
    parser::{Input, Listener, Process, Request},
    progress::{Progress, Watched},
    rows::Books,
    turns::Turn,
};

/// The bytes of a stored file.
pub(crate) enum Source {
    /// A file of this machine, at its start.
    File(std::fs::File),
    /// A stream from a remote store; data that are read twice are copied to a temporary file
    /// in `spool`.
    Stream {
        bytes: Box<dyn Read + Send>,
        spool: std::path::PathBuf,
    },
}

/// The permit to run a parser process.
#[derive(Debug)]
#[expect(dead_code, reason = "the values are kept until they are dropped")]
pub(crate) enum Permit {
    Check(Turn),
    Read(OwnedSemaphorePermit),
}

/// The file to read, and how.
pub(crate) struct Reading {
    pub(crate) source: Source,
    pub(crate) format: Format,
    pub(crate) task: Task,
    pub(crate) limits: Limits,
    /// Bytes of the file.
    pub(crate) size: u64,
    pub(crate) parser: ParserSettings,
    /// The permit to run a parser process.
    pub(crate) permit: Option<Permit>,
}

/// The number of data rows of a file, if it is known before they are read.
pub(crate) type Start = Option<u32>;

/// What follows the start.
#[derive(Debug)]
pub(crate) enum Delivery {
    Rows(Vec<SourceRow>),
    End(Ending),
}

/// The data at the end of a table.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    pub(crate) notes: Vec<FileNote>,
    pub(crate) total_rows: Option<u32>,
    pub(crate) records_seen: Option<u64>,
}

/// A delivery, or the reason why there is no more.
pub(crate) type Batch = Result<Delivery, OpenError>;

/// The number of batches that wait for the receiver.
const BATCHES: usize = 4;
/// How many seconds to wait for a parser process, for each second of processor time that it
/// may use. The processor has other work, too, and files may come from elsewhere.
const PATIENCE: u32 = 5;

/// Starts a thread that reads the rows of a file. It ends, and its process with it, when it
/// is done or when the receivers are dropped.
#[expect(clippy::type_complexity, reason = "the two ends of one thread")]
pub(crate) fn spawn_rows(
    reading: Reading,
    progress: Progress,
) -> io::Result<(
    oneshot::Receiver<Result<Start, OpenError>>,
    mpsc::Receiver<Batch>,
)> {
    let (start, first) = oneshot::channel();
    let (batches, rest) = mpsc::channel(BATCHES);
    let mut sender = Sender {
        start: Some(start),
        books: Books::of(reading.format),
        batches: batches.clone(),
    };
    spawn(move || {
        let end = read(reading, &progress, &mut sender, move || {
            !batches.is_closed()
        });
        sender.finish(end);
    })?;
    Ok((first, rest))
}

/// Starts a thread that reads the beginning of a file, and ends as [`spawn_rows`] does.
pub(crate) fn spawn_peek(reading: Reading) -> io::Result<mpsc::Receiver<Result<Peek, OpenError>>> {
    let (sender, receiver) = mpsc::channel(1);
    spawn(move || {
        let mut gathered = Gatherer::default();
        let asked = sender.clone();
        let progress = Progress::default();
        let end = read(reading, &progress, &mut gathered, move || {
            !asked.is_closed()
        });
        // If no caller waits any more, there is nothing to do.
        drop(sender.blocking_send(end.map(|()| gathered.peek)));
    })?;
    Ok(receiver)
}

fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let name = "accunode-rows".to_owned();
    thread::Builder::new().name(name).spawn(work).map(drop)
}

fn read(
    reading: Reading,
    progress: &Progress,
    listener: &mut dyn Listener,
    is_wanted: impl Fn() -> bool + Send + 'static,
) -> Result<(), OpenError> {
    let end = forward(reading, progress, listener, is_wanted);
    match progress.take_failure() {
        // This takes precedence over the result for a stream that failed.
        Some(cause) => Err(fault::store_failed(cause).into()),
        None => end,
    }
}

fn forward(
    reading: Reading,
    progress: &Progress,
    listener: &mut dyn Listener,
    is_wanted: impl Fn() -> bool + Send + 'static,
) -> Result<(), OpenError> {
    let needs_file = match &reading.task {
        _ if reading.format == Format::Xlsx => true,
        Task::Peek { .. } => false,
        // The encoding follows from the whole file, before its rows are read.
        Task::Read { choice, .. } => choice.dialect.is_none(),
    };
    let request = Request {
        format: reading.format,
        task: reading.task,
        memory_bytes: reading.parser.memory_bytes,
        cpu_seconds: reading.parser.cpu_seconds,
        parent: std::process::id(),
        limits: reading.limits,
    };
    // A plain file has no more text than bytes, or three times as much if it is converted; a
    // compressed one no more than it unpacks to.
    let text = reading
        .size
        .max(request.limits.inflated_bytes)
        .saturating_mul(3)
        .max(request.limits.text_bytes);
    let patience = Duration::from_secs(request.cpu_seconds).saturating_mul(PATIENCE);
    let input = reading.source.into_input(needs_file, progress)?;
    let mut process = Process::start(
        &reading.parser,
        request,
        input,
        text,
        patience,
        progress,
        is_wanted,
    )?;
    let end = process.forward(progress, listener);
    drop(process);
    // Another process may run from here on.
    drop(reading.permit);
    end
}

impl Source {
    /// Returns the input of a parser process: a file if it must be seekable or read twice.
    fn into_input(self, needs_file: bool, progress: &Progress) -> Result<Input, OpenError> {
        let (bytes, spool) = match self {
            Self::File(file) => return Ok(Input::File(file)),
            Self::Stream { bytes, .. } if !needs_file => return Ok(Input::Stream(bytes)),
            Self::Stream { bytes, spool } => (bytes, spool),
        };
        let failed = |e: io::Error| OpenError::Port(fault::store_failed(e));
        std::fs::create_dir_all(&spool).map_err(failed)?;
        // The file has no name, so that it cannot be left behind.
        let mut copy = tempfile::tempfile_in(&spool).map_err(failed)?;
        io::copy(&mut Watched::new(bytes, progress.clone()), &mut copy)
            .map_err(|e| progress.blame(failed(e)))?;
        copy.seek(SeekFrom::Start(0)).map_err(failed)?;
        Ok(Input::File(copy))
    }
}

/// Sends batches of rows.
struct Sender {
    start: Option<oneshot::Sender<Result<Start, OpenError>>>,
    books: Books,
    batches: mpsc::Sender<Batch>,
}

impl Sender {
    fn send(&self, delivery: Delivery) -> Flow {
        match self.batches.blocking_send(Ok(delivery)) {
            Ok(()) => Flow::Go,
            Err(_) => Flow::Stop,
        }
    }

    /// Sends the final result.
    fn finish(mut self, end: Result<(), OpenError>) {
        match (end, self.start.take()) {
            (Err(error), Some(start)) => drop(start.send(Err(error))),
            (Err(error), None) => drop(self.batches.blocking_send(Err(error))),
            (Ok(()), _) => {}
        }
    }
}

impl Listener for Sender {
    fn table(&mut self, start: TableStart) -> Flow {
        match self.start.take().map(|s| s.send(Ok(start.total_rows))) {
            Some(Ok(())) => Flow::Go,
            _ => Flow::Stop,
        }
    }

    fn rows(&mut self, rows: Vec<SourceRow>) -> Flow {
        self.books.enter(&rows);
        self.send(Delivery::Rows(rows))
    }

    fn table_end(&mut self, end: TableEnd) -> Flow {
        self.send(Delivery::End(Ending {
            notes: end.notes,
            total_rows: end.tally.map(|tally| tally.total_rows),
            records_seen: end.tally.map(|tally| self.books.records_seen(tally)),
        }))
    }
}

/// Collects the first rows of every table.
#[derive(Default)]
struct Gatherer {
    peek: Peek,
}

impl Listener for Gatherer {
    fn table(&mut self, start: TableStart) -> Flow {
        self.peek.tables.push(TableHead {
            sheet: start.sheet,
            is_hidden: start.is_hidden,
            is_fixed_width: start.is_fixed_width,
            rows: Vec::new(),
            dialect: start.dialect,
            notes: Vec::new(),
        });
        Flow::Go
    }

    fn rows(&mut self, rows: Vec<SourceRow>) -> Flow {
        if let Some(table) = self.peek.tables.last_mut() {
            table.rows.extend(rows);
        }
        Flow::Go
    }

    fn table_end(&mut self, end: TableEnd) -> Flow {
        if let Some(table) = self.peek.tables.last_mut() {
            table.notes = end.notes;
        }
        Flow::Go
    }
}

/// Returns the approximate size of a row in memory.
pub(crate) fn size_of_row(row: &SourceRow) -> usize {
    row.cells
        .iter()
        .map(|cell| cell.len() + size_of::<String>())
        .sum()
}
