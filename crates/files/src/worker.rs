//! The thread that reads a file, and how it hands on what it finds.

use std::{
    io::{self, Cursor, Read, Seek, SeekFrom},
    thread,
};

use accunode_ports::files::{OpenError, SourceRow};
use tokio::sync::{mpsc, oneshot};

use crate::{
    Limits, csv, fault,
    format::{Bytes, Format},
    progress::{Progress, Watched},
    unzip::Inflated,
    workbook,
};

/// Whether the receiver wants more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Go,
    Stop,
}

/// Where a format pushes what it reads: the header once, then every row.
pub(crate) trait Sink {
    fn header(&mut self, columns: Vec<String>, total_rows: Option<u32>) -> Flow;
    fn row(&mut self, row: SourceRow) -> Flow;
}

/// The bytes of a stored file.
pub(crate) enum Source {
    /// A file of this machine.
    File(std::fs::File),
    /// A stream from elsewhere; a workbook is copied to a temporary file in `spool`.
    Stream {
        bytes: Box<dyn Read + Send>,
        spool: std::path::PathBuf,
    },
}

/// The names of the columns, and how many rows of data the file speaks of.
pub(crate) type Header = (Vec<String>, Option<u32>);
/// Some rows on their way, or why there are no more.
pub(crate) type Batch = Result<Vec<SourceRow>, OpenError>;

/// Rows travel in batches of at most so many, or so many bytes.
const BATCH_ROWS: usize = 256;
const BATCH_BYTES: usize = 256 << 10;
/// Batches that wait for the receiver.
const BATCHES: usize = 4;

/// Starts a thread that reads `source`. It ends when it is through, or when the
/// receivers are dropped.
#[expect(clippy::type_complexity, reason = "the two ends of one thread")]
pub(crate) fn spawn(
    source: Source,
    format: Format,
    limits: Limits,
    progress: Progress,
    after: u32,
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
                after,
                waiting: Vec::new(),
                waiting_bytes: 0,
            };
            let end = read(source, format, &limits, &progress, &mut sender)
                .map_err(|error| progress.blame(error));
            sender.finish(end);
        })?;
    Ok((first, rest))
}

/// Reads `source` as `format` into `sink`.
fn read(
    source: Source,
    format: Format,
    limits: &Limits,
    progress: &Progress,
    sink: &mut dyn Sink,
) -> Result<(), OpenError> {
    let mut source = source;
    let head = source.head(progress)?;
    format.agrees_with(Bytes::of(&head))?;
    match (format, source) {
        (Format::Xlsx, source) => {
            workbook::read(source.into_file(&head, progress)?, limits, progress, sink)
        }
        (Format::Csv, source) => csv::read(
            &mut source.into_reader(head, progress),
            limits,
            progress,
            sink,
        ),
        (Format::CsvGz, source) => {
            let packed = source.into_reader(head, progress);
            let mut inflated = Inflated::new(packed, limits, progress);
            let mut head = Vec::new();
            (&mut inflated)
                .take(Bytes::NEEDED as u64)
                .read_to_end(&mut head)
                .map_err(|e| progress.broken("the archive", &e))?;
            Format::Csv.agrees_with(Bytes::of(&head))?;
            csv::read(
                &mut Cursor::new(head).chain(inflated),
                limits,
                progress,
                sink,
            )
        }
    }
}

impl Source {
    /// The first bytes.
    fn head(&mut self, progress: &Progress) -> Result<Vec<u8>, OpenError> {
        let mut head = Vec::new();
        let reader: &mut dyn Read = match self {
            Self::File(file) => file,
            Self::Stream { bytes, .. } => bytes,
        };
        Watched::new(reader, progress.clone())
            .take(Bytes::NEEDED as u64)
            .read_to_end(&mut head)
            .map_err(|e| progress.broken("the file", &e))?;
        Ok(head)
    }

    /// The whole file again, for who reads from front to back.
    fn into_reader(self, head: Vec<u8>, progress: &Progress) -> impl Read + use<> {
        let rest: Box<dyn Read> = match self {
            Self::File(file) => Box::new(file),
            Self::Stream { bytes, .. } => bytes,
        };
        Cursor::new(head).chain(Watched::new(rest, progress.clone()))
    }

    /// The whole file again, for who jumps about in it.
    fn into_file(self, head: &[u8], progress: &Progress) -> Result<std::fs::File, OpenError> {
        let failed = |e: io::Error| OpenError::Port(fault::store_failed(e));
        let mut file = match self {
            Self::File(file) => file,
            Self::Stream { bytes, spool } => {
                std::fs::create_dir_all(&spool).map_err(failed)?;
                let mut copy = tempfile::tempfile_in(&spool).map_err(failed)?;
                io::copy(
                    &mut Cursor::new(head).chain(Watched::new(bytes, progress.clone())),
                    &mut copy,
                )
                .map_err(|e| progress.blame(failed(e)))?;
                copy
            }
        };
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        Ok(file)
    }
}

/// Sends rows in batches.
struct Sender {
    header: Option<oneshot::Sender<Result<Header, OpenError>>>,
    batches: mpsc::Sender<Batch>,
    after: u32,
    waiting: Vec<SourceRow>,
    waiting_bytes: usize,
}

impl Sender {
    fn flush(&mut self) -> Flow {
        self.waiting_bytes = 0;
        if self.waiting.is_empty() {
            return Flow::Go;
        }
        let batch = std::mem::take(&mut self.waiting);
        match self.batches.blocking_send(Ok(batch)) {
            Ok(()) => Flow::Go,
            Err(_) => Flow::Stop,
        }
    }

    /// Hands on what is left, and how it ended.
    fn finish(mut self, end: Result<(), OpenError>) {
        let gone = self.flush() == Flow::Stop;
        match (end, self.header.take()) {
            (Err(error), Some(header)) => drop(header.send(Err(error))),
            (Err(error), None) if !gone => drop(self.batches.blocking_send(Err(error))),
            _ => {}
        }
    }
}

impl Sink for Sender {
    fn header(&mut self, columns: Vec<String>, total_rows: Option<u32>) -> Flow {
        match self
            .header
            .take()
            .map(|h| h.send(Ok((columns, total_rows))))
        {
            Some(Ok(())) => Flow::Go,
            _ => Flow::Stop,
        }
    }

    fn row(&mut self, row: SourceRow) -> Flow {
        if row.row <= self.after {
            // Whoever dropped the reader meanwhile is not made to wait for the rest.
            return if self.batches.is_closed() {
                Flow::Stop
            } else {
                Flow::Go
            };
        }
        self.waiting_bytes += size_of_row(&row);
        self.waiting.push(row);
        if self.waiting.len() >= BATCH_ROWS || self.waiting_bytes >= BATCH_BYTES {
            self.flush()
        } else {
            Flow::Go
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

/// Everything that was pushed, for tests of formats.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) columns: Vec<String>,
    pub(crate) total_rows: Option<u32>,
    pub(crate) rows: Vec<SourceRow>,
}

#[cfg(test)]
impl Sink for Collected {
    fn header(&mut self, columns: Vec<String>, total_rows: Option<u32>) -> Flow {
        self.columns = columns;
        self.total_rows = total_rows;
        Flow::Go
    }
    fn row(&mut self, row: SourceRow) -> Flow {
        self.rows.push(row);
        Flow::Go
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file without an end, which tells when it is closed.
    struct Endless(Option<oneshot::Sender<()>>);

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer.fill(b'a');
            for line in buffer.chunks_mut(4) {
                line[0] = b'\n';
            }
            Ok(buffer.len())
        }
    }

    impl Drop for Endless {
        fn drop(&mut self) {
            if let Some(closed) = self.0.take() {
                // Nobody waits any more where the test has failed already.
                let _ = closed.send(());
            }
        }
    }

    #[tokio::test]
    async fn the_thread_ends_when_its_reader_is_dropped() {
        for after in [0, u32::MAX] {
            let (closed, is_closed) = oneshot::channel();
            let source = Source::Stream {
                bytes: Box::new(Endless(Some(closed))),
                spool: std::path::PathBuf::new(),
            };
            let (header, batches) = spawn(
                source,
                Format::Csv,
                Limits::default(),
                Progress::default(),
                after,
            )
            .unwrap();
            assert!(header.await.unwrap().is_ok());
            drop(batches);
            is_closed.await.unwrap();
        }
    }

    struct Failing;

    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }

    #[tokio::test]
    async fn a_store_that_fails_is_not_taken_for_a_broken_file() {
        let source = Source::Stream {
            bytes: Box::new(Cursor::new(b"a\n".repeat(100_000)).chain(Failing)),
            spool: std::path::PathBuf::new(),
        };
        let (header, mut batches) = spawn(
            source,
            Format::Csv,
            Limits::default(),
            Progress::default(),
            0,
        )
        .unwrap();
        assert!(header.await.unwrap().is_ok());
        let end = loop {
            match batches.recv().await {
                Some(Ok(_)) => {}
                other => break other,
            }
        };
        assert!(matches!(end, Some(Err(OpenError::Port(_)))), "{end:?}");
    }
}
