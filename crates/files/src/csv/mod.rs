//! Comma-separated values and similar formats: their encoding, their delimiter, and their
//! rows.

mod delimiter;
mod encoding;
mod records;
#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io::{self, Cursor, Read, Seek, SeekFrom},
};

use accunode_domain::fault::shorten;
use accunode_ports::files::{Dialect, Encoding, FileNote, OpenError, SourceRow};
pub(crate) use encoding::utf16_without_mark;

use self::{
    encoding::{Decoded, Survey, Undecodable},
    records::{Record, Records},
};
use crate::{
    Limits, fault,
    format::{Bytes, Format},
    parse::{Flow, Sink, TableEnd, TableStart, Tally, Task},
    progress::{Progress, Watched},
    unzip::{Beyond, Inflated},
};

/// The number of bytes that are read if only the beginning of a text decides.
const WINDOW: u64 = 64 << 10;

/// A file that is read from its start, twice if its encoding is not known.
pub(crate) struct Whole<'a> {
    pub(crate) file: File,
    /// The first bytes, which have been read.
    pub(crate) head: Vec<u8>,
    pub(crate) is_packed: bool,
    pub(crate) limits: &'a Limits,
}

impl Whole<'_> {
    /// Returns the unpacked bytes from the start.
    fn open(&self, progress: &Progress) -> Result<Box<dyn Read + '_>, OpenError> {
        let rest = Watched::new(&self.file, progress.clone());
        let whole = Cursor::new(self.head.as_slice()).chain(rest);
        if !self.is_packed {
            return Ok(Box::new(whole));
        }
        let mut inflated = Inflated::new(whole, self.limits, progress);
        let mut head = Vec::new();
        (&mut inflated)
            .take(Bytes::NEEDED as u64)
            .read_to_end(&mut head)
            .map_err(|e| failed(&e, self.limits, progress, "the archive"))?;
        Format::Csv.agrees_with(Bytes::of(&head))?;
        Ok(Box::new(Cursor::new(head).chain(inflated)))
    }

    /// Reads the whole file once to detect its encoding, and returns to its start.
    fn survey(&self) -> Result<Encoding, OpenError> {
        // This pass does not count as reading.
        let progress = Progress::default();
        progress.has_read(self.head.len() as u64);
        let mut bytes = self.open(&progress)?;
        // If the file is damaged, the rows before that are returned, and then the damage is
        // reported.
        let encoding = encoding::survey(&mut bytes).unwrap_or(Encoding::Utf8);
        if let Some(cause) = progress.take_failure() {
            return Err(OpenError::Port(fault::store_failed(cause)));
        }
        (&self.file)
            .seek(SeekFrom::Start(self.head.len() as u64))
            .map_err(fault::store_failed)?;
        Ok(encoding)
    }
}

/// Pushes the rows of a text into `sink`.
pub(crate) fn read(
    whole: &Whole<'_>,
    task: &Task,
    progress: &Progress,
    sink: &mut dyn Sink,
) -> Result<(), OpenError> {
    let limits = whole.limits;
    let (dialect, width) = match task {
        Task::Peek { .. } => (None, 0),
        Task::Read { choice, .. } => (choice.dialect, choice.width),
    };
    let (encoding, mut bytes) = match (task, dialect) {
        (_, Some(dialect)) => (dialect.encoding, whole.open(progress)?),
        (Task::Read { .. }, None) => (whole.survey()?, whole.open(progress)?),
        (Task::Peek { .. }, None) => beginning(whole.open(progress)?, limits, progress)?,
    };
    let decoded = Decoded::new(&mut *bytes, encoding);
    let mut records = Records::new(decoded, limits, progress, width as usize);
    records.begin(dialect.map(|dialect| dialect.delimiter))?;
    let mut table = Table {
        dialect: Dialect {
            encoding,
            delimiter: records.delimiter(),
        },
        task,
        sink,
        has_begun: false,
        tally: Tally::default(),
        example: None,
    };
    while let Some(record) = records.next()? {
        if table.take(record) == Flow::Stop {
            table.finish(None);
            return Ok(());
        }
    }
    if !table.has_begun {
        return Err(fault::empty_file());
    }
    let mut tally = table.tally;
    tally.seen = records.lines_seen();
    tally.passed_over += records.lines_before();
    table.finish(Some(tally));
    Ok(())
}

/// Returns the encoding of a text as far as its beginning shows it, and its bytes.
fn beginning<'a>(
    mut bytes: Box<dyn Read + 'a>,
    limits: &Limits,
    progress: &Progress,
) -> Result<(Encoding, Box<dyn Read + 'a>), OpenError> {
    let mut window = Vec::new();
    (&mut bytes)
        .take(WINDOW)
        .read_to_end(&mut window)
        .map_err(|e| failed(&e, limits, progress, "the file"))?;
    let encoding = encoding::stated(&window).unwrap_or_else(|| {
        let mut survey = Survey::default();
        survey.see(&window);
        survey.verdict((window.len() as u64) < WINDOW)
    });
    Ok((encoding, Box::new(Cursor::new(window).chain(bytes))))
}

/// The table that is being returned.
struct Table<'a> {
    dialect: Dialect,
    task: &'a Task,
    sink: &'a mut dyn Sink,
    has_begun: bool,
    tally: Tally,
    /// A cell that was converted, and its row.
    example: Option<(u32, String)>,
}

impl Table<'_> {
    fn take(&mut self, record: Record) -> Flow {
        let Some(row) = record.row else {
            self.tally.passed_over += record.lines;
            return Flow::Go;
        };
        if !self.has_begun {
            self.has_begun = true;
            let start = TableStart {
                is_fixed_width: true,
                dialect: Some(self.dialect),
                ..TableStart::default()
            };
            if self.sink.table(start) == Flow::Stop {
                return Flow::Stop;
            }
        }
        if self.dialect.encoding != Encoding::Utf8 && self.example.is_none() {
            self.example = example(&row);
        }
        self.tally.total_rows += u32::from(row.row > self.task.header_row());
        if row.row <= self.task.last_skipped() {
            self.tally.passed_over += record.lines;
            return Flow::Go;
        }
        self.sink.row(row)
    }

    fn finish(self, tally: Option<Tally>) {
        let notes = converted(self.dialect.encoding, self.example.as_ref());
        self.sink.end(TableEnd {
            notes: notes.into_iter().collect(),
            tally,
        });
    }
}

fn example(row: &SourceRow) -> Option<(u32, String)> {
    let cell = row.cells.iter().find(|cell| !cell.is_ascii())?;
    Some((row.row, shorten(cell)))
}

fn converted(encoding: Encoding, example: Option<&(u32, String)>) -> Option<FileNote> {
    let detail = match (encoding, example) {
        (Encoding::Utf8, _) => return None,
        (Encoding::Windows1252, Some((row, cell))) => format!(
            "the file is not UTF-8 and was read as Windows-1252: row {row} has {cell:?}; if \
             that is wrong, save the file as \"CSV UTF-8\" and send it again"
        ),
        (Encoding::Windows1252, None) => {
            "the file is not UTF-8 and was read as Windows-1252".to_owned()
        }
        (Encoding::Utf16Le | Encoding::Utf16Be, _) => {
            "the file is UTF-16 and was converted".to_owned()
        }
    };
    Some(FileNote {
        code: fault::CONVERTED_ENCODING.to_owned(),
        detail,
        columns: Vec::new(),
    })
}

/// Returns the error for a failed read of a file that may be compressed.
fn failed(error: &io::Error, limits: &Limits, progress: &Progress, what: &str) -> OpenError {
    let inner = error.get_ref();
    if inner.is_some_and(|e| e.is::<Undecodable>()) {
        return fault::unreadable(
            fault::NOT_UTF8,
            format!("{what} is damaged UTF-16; save the file as \"CSV UTF-8\""),
        );
    }
    match inner.and_then(|e| e.downcast_ref::<Beyond>()) {
        Some(Beyond::Ratio) => fault::bomb("the file", limits.inflated_ratio),
        Some(Beyond::Size) => fault::too_large_inflated("the file", limits.inflated_bytes),
        None => progress.broken(what, error),
    }
}
