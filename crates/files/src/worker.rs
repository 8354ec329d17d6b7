//! The thread that reads a file by a parser process, and hands on what that finds.

use std::{
    io::{self, Read, Seek, SeekFrom},
    thread,
    time::Duration,
};

use accunode_ports::files::{OpenError, SourceRow};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use crate::{
    Limits, ParserSettings, fault,
    format::Format,
    parse::Flow,
    parser::{Input, Process, Request},
    progress::{Progress, Watched},
};

/// The bytes of a stored file.
pub(crate) enum Source {
    /// A file of this machine, at its start.
    File(std::fs::File),
    /// A stream from elsewhere; a workbook is copied to a temporary file in `spool`.
    Stream {
        bytes: Box<dyn Read + Send>,
        spool: std::path::PathBuf,
    },
}

/// What is read, and how.
pub(crate) struct Reading {
    pub(crate) source: Source,
    pub(crate) format: Format,
    pub(crate) limits: Limits,
    /// Bytes of the file.
    pub(crate) size: u64,
    /// Rows up to this one are not wanted.
    pub(crate) after: u32,
    /// At most so many rows are wanted.
    pub(crate) rows: u32,
    pub(crate) parser: ParserSettings,
    /// The right to run a parser process.
    pub(crate) permit: Option<OwnedSemaphorePermit>,
}

/// The names of the columns, and how many rows of data the file speaks of.
pub(crate) type Header = (Vec<String>, Option<u32>);
/// Some rows on their way, or why there are no more.
pub(crate) type Batch = Result<Vec<SourceRow>, OpenError>;

/// Batches that wait for the receiver.
const BATCHES: usize = 4;
/// Seconds that a parser process is waited for, for each second that it may compute.
/// The processor has other work, too, and files may come from elsewhere.
const PATIENCE: u32 = 5;

/// Starts a thread that reads a file. It ends, and its process with it, when it is
/// through or when the receivers are dropped.
#[expect(clippy::type_complexity, reason = "the two ends of one thread")]
pub(crate) fn spawn(
    reading: Reading,
    progress: Progress,
) -> io::Result<(
    oneshot::Receiver<Result<Header, OpenError>>,
    mpsc::Receiver<Batch>,
)> {
    let (header, first) = oneshot::channel();
    let (batches, rest) = mpsc::channel(BATCHES);
    thread::Builder::new()
        .name("accunode-rows".to_owned())
        .spawn(move || {
            let mut sender = Sender {
                header: Some(header),
                batches,
            };
            let end = read(reading, &progress, &mut sender);
            let end = match progress.take_failure() {
                // Whatever was made of a stream that failed.
                Some(cause) => Err(fault::store_failed(cause).into()),
                None => end,
            };
            sender.finish(end);
        })?;
    Ok((first, rest))
}

fn read(reading: Reading, progress: &Progress, sender: &mut Sender) -> Result<(), OpenError> {
    let request = Request {
        format: reading.format,
        after: reading.after,
        rows: reading.rows,
        memory_bytes: reading.parser.memory_bytes,
        cpu_seconds: reading.parser.cpu_seconds,
        parent: std::process::id(),
        limits: reading.limits,
    };
    // A plain file has no more text than bytes; a packed one no more than it unpacks to.
    let text = reading
        .size
        .max(request.limits.inflated_bytes)
        .max(request.limits.text_bytes);
    let patience = Duration::from_secs(request.cpu_seconds).saturating_mul(PATIENCE);
    let input = reading.source.into_input(reading.format, progress)?;
    let batches = sender.batches.clone();
    let mut process = Process::start(
        &reading.parser,
        request,
        input,
        text,
        patience,
        progress,
        move || !batches.is_closed(),
    )?;
    let end = process.forward(progress, sender);
    drop(process);
    // Another may run from here on.
    drop(reading.permit);
    end
}

impl Source {
    /// What a parser process reads: a file where it must jump about.
    fn into_input(self, format: Format, progress: &Progress) -> Result<Input, OpenError> {
        let (bytes, spool) = match self {
            Self::File(file) => return Ok(Input::File(file)),
            Self::Stream { bytes, .. } if format != Format::Xlsx => {
                return Ok(Input::Stream(bytes));
            }
            Self::Stream { bytes, spool } => (bytes, spool),
        };
        let failed = |e: io::Error| OpenError::Port(fault::store_failed(e));
        std::fs::create_dir_all(&spool).map_err(failed)?;
        // It has no name, so that nothing can leave it behind.
        let mut copy = tempfile::tempfile_in(&spool).map_err(failed)?;
        io::copy(&mut Watched::new(bytes, progress.clone()), &mut copy)
            .map_err(|e| progress.blame(failed(e)))?;
        copy.seek(SeekFrom::Start(0)).map_err(failed)?;
        Ok(Input::File(copy))
    }
}

/// Hands on a header and batches of rows.
pub(crate) struct Sender {
    header: Option<oneshot::Sender<Result<Header, OpenError>>>,
    batches: mpsc::Sender<Batch>,
}

impl Sender {
    pub(crate) fn header(&mut self, columns: Vec<String>, total_rows: Option<u32>) -> Flow {
        let sent = self
            .header
            .take()
            .map(|h| h.send(Ok((columns, total_rows))));
        match sent {
            Some(Ok(())) => Flow::Go,
            _ => Flow::Stop,
        }
    }

    pub(crate) fn rows(&mut self, rows: Vec<SourceRow>) -> Flow {
        match self.batches.blocking_send(Ok(rows)) {
            Ok(()) => Flow::Go,
            Err(_) => Flow::Stop,
        }
    }

    /// Says how it ended.
    fn finish(mut self, end: Result<(), OpenError>) {
        match (end, self.header.take()) {
            (Err(error), Some(header)) => drop(header.send(Err(error))),
            (Err(error), None) => drop(self.batches.blocking_send(Err(error))),
            (Ok(()), _) => {}
        }
    }
}

/// What a row takes in memory, about.
pub(crate) fn size_of_row(row: &SourceRow) -> usize {
    row.cells
        .iter()
        .map(|cell| cell.len() + size_of::<String>())
        .sum()
}
