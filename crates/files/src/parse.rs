//! Converts the bytes of a file to rows. This runs in the parser process.

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

/// The task: what is wanted of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// The first rows of every table.
    Peek { rows: u32 },
    /// The rows of one table after its header and after row `after`.
    Read { choice: TableChoice, after: u32 },
}

impl Task {
    /// Returns the last row that is not wanted.
    pub(crate) fn last_skipped(&self) -> u32 {
        match self {
            Self::Peek { .. } => 0,
            Self::Read { choice, after } => choice.header_row.max(*after),
        }
    }

    /// Returns the row of the header, if it is known.
    pub(crate) const fn header_row(&self) -> u32 {
        match self {
            Self::Peek { .. } => 0,
            Self::Read { choice, .. } => choice.header_row,
        }
    }
}

/// The start of a table, whose rows follow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TableStart {
    pub(crate) sheet: Option<String>,
    pub(crate) is_hidden: bool,
    pub(crate) is_fixed_width: bool,
    pub(crate) dialect: Option<Dialect>,
    /// The number of rows after the header that are not blank, if it is known.
    pub(crate) total_rows: Option<u32>,
}

/// The end of a table that was read to its end, or as far as it was wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TableEnd {
    pub(crate) notes: Vec<FileNote>,
    pub(crate) tally: Option<Tally>,
}

/// The counts of a table that was read to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Lines of text, or row elements of a sheet, counted without splitting rows.
    pub(crate) seen: u64,
    /// How many of them belong to rows that were not returned, because they are blank or
    /// were not wanted.
    pub(crate) passed_over: u64,
    /// The number of rows after the header that are not blank.
    pub(crate) total_rows: u32,
}

/// Receives what a format reads.
pub(crate) trait Sink {
    /// A table begins; `Stop` means that nothing more of the file is wanted.
    fn table(&mut self, start: TableStart) -> Flow;
    /// A row of the table; `Stop` means that no more rows of this table are wanted.
    fn row(&mut self, row: SourceRow) -> Flow;
    /// The table ends.
    fn end(&mut self, end: TableEnd);
}

/// Reads `file` from its start as `format` into `sink`. A workbook must be seekable, and so
/// must text whose dialect is not known.
///
/// A panic of a reader is reported as a fault of the file: a malformed file made a library
/// reach a state that it assumed impossible.
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
    /// The number of rows of each table that are wanted; 0 for all.
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
