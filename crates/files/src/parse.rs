//! The bytes of a file become rows. This runs in the parser process.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    panic::{AssertUnwindSafe, catch_unwind},
};

use accunode_ports::files::{Dialect, FileNote, OpenError, SourceRow, TableChoice};

use crate::{
    Limits, csv, fault,
    format::{Bytes, Format},
    progress::{Progress, Watched},
    xlsx,
};

/// Whether the receiver wants more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Go,
    Stop,
}

/// What is wanted of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// The first rows of every table.
    Peek { rows: u32 },
    /// The rows of one table behind its header and behind row `after`.
    Read { choice: TableChoice, after: u32 },
}

impl Task {
    /// The last row that is not wanted.
    pub(crate) fn last_skipped(&self) -> u32 {
        match self {
            Self::Peek { .. } => 0,
            Self::Read { choice, after } => choice.header_row.max(*after),
        }
    }

    /// The row of the header, where it is known.
    pub(crate) const fn header_row(&self) -> u32 {
        match self {
            Self::Peek { .. } => 0,
            Self::Read { choice, .. } => choice.header_row,
        }
    }
}

/// A table whose rows follow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TableStart {
    pub(crate) sheet: Option<String>,
    pub(crate) is_hidden: bool,
    pub(crate) is_fixed_width: bool,
    pub(crate) dialect: Option<Dialect>,
    /// Rows behind the header that are not blank, where that is known.
    pub(crate) total_rows: Option<u32>,
}

/// What is known where a table has been read to its end, or as far as it was wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TableEnd {
    pub(crate) notes: Vec<FileNote>,
    pub(crate) tally: Option<Tally>,
}

/// The books of a table that was read to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Lines of text, or row elements of a sheet, counted without splitting rows.
    pub(crate) seen: u64,
    /// How many of them belong to rows that were not handed on, because they are blank or
    /// were not wanted.
    pub(crate) passed_over: u64,
    /// Rows behind the header that are not blank.
    pub(crate) total_rows: u32,
}

/// Where a format pushes what it reads.
pub(crate) trait Sink {
    /// A table begins; `Stop` means that nothing more of the file is wanted.
    fn table(&mut self, start: TableStart) -> Flow;
    /// A row of it; `Stop` means that no more rows of this table are wanted.
    fn row(&mut self, row: SourceRow) -> Flow;
    /// It ends.
    fn end(&mut self, end: TableEnd);
}

/// Reads `file` from its start as `format` into `sink`. A workbook must be seekable, and
/// text whose dialect is not known.
///
/// A panic of a reader is a fault of the file: that the file is malformed is what made
/// a library meet what it thought impossible.
pub(crate) fn parse(
    file: File,
    format: Format,
    task: &Task,
    limits: &Limits,
    progress: &Progress,
    sink: &mut dyn Sink,
) -> Result<(), OpenError> {
    let guarded = AssertUnwindSafe(|| try_parse(file, format, task, limits, progress, sink));
    catch_unwind(guarded)
        .unwrap_or_else(|_| {
            Err(fault::malformed(
                "the file is damaged in a way that its reader does not know; save it again, \
                 or save its rows as CSV",
            ))
        })
        .map_err(|error| progress.blame(error))
}

fn try_parse(
    mut file: File,
    format: Format,
    task: &Task,
    limits: &Limits,
    progress: &Progress,
    sink: &mut dyn Sink,
) -> Result<(), OpenError> {
    let mut head = Vec::new();
    Watched::new(&mut file, progress.clone())
        .take(Bytes::NEEDED as u64)
        .read_to_end(&mut head)
        .map_err(|e| progress.broken("the file", &e))?;
    format.agrees_with(Bytes::of(&head))?;
    match format {
        Format::Xlsx => {
            file.seek(SeekFrom::Start(0))
                .map_err(|e| OpenError::Port(fault::store_failed(e)))?;
            xlsx::read(file, task, limits, progress, sink)
        }
        Format::Csv | Format::CsvGz => {
            let whole = csv::Whole {
                file,
                head,
                is_packed: format == Format::CsvGz,
                limits,
            };
            csv::read(&whole, task, progress, sink)
        }
    }
}

/// Everything that was pushed, for tests of formats.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) tables: Vec<TableStart>,
    pub(crate) rows: Vec<SourceRow>,
    pub(crate) ends: Vec<TableEnd>,
    /// How many rows of each table are wanted; 0 for all.
    pub(crate) most: usize,
    pub(crate) in_table: usize,
}

#[cfg(test)]
impl Sink for Collected {
    fn table(&mut self, start: TableStart) -> Flow {
        self.tables.push(start);
        self.in_table = 0;
        Flow::Go
    }
    fn row(&mut self, row: SourceRow) -> Flow {
        self.rows.push(row);
        self.in_table += 1;
        if self.in_table == self.most {
            Flow::Stop
        } else {
            Flow::Go
        }
    }
    fn end(&mut self, end: TableEnd) {
        self.ends.push(end);
    }
}
