//! The bytes of a file become rows. This runs in the parser process.

use std::{
    fs::File,
    io::{Cursor, Read, Seek, SeekFrom},
    panic::{AssertUnwindSafe, catch_unwind},
};

use accunode_ports::files::{OpenError, SourceRow};

use crate::{
    Limits, csv, fault,
    format::{Bytes, Format},
    progress::{Progress, Watched},
    unzip::Inflated,
    xlsx,
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

/// Reads `file` from its start as `format` into `sink`. Only a workbook must be
/// seekable.
///
/// A panic of a reader is a fault of the file: that the file is malformed is what made
/// a library meet what it thought impossible.
pub(crate) fn parse(
    file: File,
    format: Format,
    limits: &Limits,
    progress: &Progress,
    sink: &mut dyn Sink,
) -> Result<(), OpenError> {
    let guarded = AssertUnwindSafe(|| try_parse(file, format, limits, progress, sink));
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
            xlsx::read(file, limits, progress, sink)
        }
        Format::Csv => {
            let mut whole = Cursor::new(head).chain(Watched::new(file, progress.clone()));
            csv::read(&mut whole, limits, progress, sink)
        }
        Format::CsvGz => {
            let packed = Cursor::new(head).chain(Watched::new(file, progress.clone()));
            let mut inflated = Inflated::new(packed, limits, progress);
            let mut head = Vec::new();
            (&mut inflated)
                .take(Bytes::NEEDED as u64)
                .read_to_end(&mut head)
                .map_err(|e| csv::failed(&e, limits, progress, "the archive"))?;
            Format::Csv.agrees_with(Bytes::of(&head))?;
            let mut whole = Cursor::new(head).chain(inflated);
            csv::read(&mut whole, limits, progress, sink)
        }
    }
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
