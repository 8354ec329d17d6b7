//! Splits text into records.
//!
//! RFC 4180 applies where nothing else could be meant, and never in a way that lets a
//! record swallow others: a quotation that continues after the end of a line must end where
//! a cell ends, and its record must have the number of cells of the header. Otherwise its
//! first line is a row with a fault, and reading continues with the next line.

mod faults;
mod quotations;

use std::io::{self, Read};

use accunode_domain::text::unguard_formula;
use accunode_ports::files::{OpenError, SourceRow};

use super::{delimiter, failed};
use crate::{Limits, fault, find::find, progress::Progress, rows::LineCount};

const CHUNK: usize = 64 << 10;
const MARK: u8 = b'"';
/// The number of cells from which a line certainly is a record of its own.
const TELLING_WIDTH: usize = 6;
/// Invisible characters that may precede the first name: any number of byte order marks,
/// and characters without width.
const INVISIBLE: [char; 7] = [
    '\u{feff}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{200e}', '\u{200f}',
];

/// One record of a text.
#[derive(Debug)]
pub(super) struct Record {
    /// `None` if it is blank.
    pub(super) row: Option<SourceRow>,
    /// The number of its lines.
    pub(super) lines: u64,
}

/// The records of a text.
pub(super) struct Records<'a, R> {
    input: R,
    limits: &'a Limits,
    progress: &'a Progress,
    /// The number of cells that a record over several lines must have; 0 for any number.
    width: usize,
    delimiter: u8,
    buffer: Vec<u8>,
    /// The position of the next record in the buffer.
    start: usize,
    is_over: bool,
    /// Counts lines as bytes arrive.
    lines: LineCount,
    /// The row number of the last record, from 1.
    row: u32,
    /// The line number where the next record begins, from 1.
    line: u64,
    /// Lines before the first record.
    lines_before: u64,
    cells: Vec<Span>,
}

/// A cell of a record, by its offset from the record's start.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: usize,
    to: usize,
    /// Whether doubled quotation marks in it mean one.
    is_quoted: bool,
}

/// The result of reading a record with quotation marks.
enum Attempt {
    /// The cells were found; the record ends at `end`, and the next begins at `next`.
    Split { end: usize, next: usize },
    /// The record would swallow others.
    Stray,
}

impl<'a, R: Read> Records<'a, R> {
    pub(super) fn new(input: R, limits: &'a Limits, progress: &'a Progress, width: usize) -> Self {
        Self {
            input,
            limits,
            progress,
            width,
            delimiter: b',',
            buffer: Vec::new(),
            start: 0,
            is_over: false,
            lines: LineCount::default(),
            row: 0,
            line: 1,
            lines_before: 0,
            cells: Vec::new(),
        }
    }

    /// Skips what precedes the first record, and detects the delimiter unless it is given.
    pub(super) fn begin(&mut self, given: Option<u8>) -> Result<(), OpenError> {
        while self.buffer.len() < CHUNK && self.fill()? {}
        while let Some(length) = self.invisible() {
            self.start += length;
        }
        if let Some((end, next)) = self.line_from(0)?
            && let Some(stated) = delimiter::stated(&self.buffer[self.start..self.start + end])
        {
            self.delimiter = stated;
            self.start += next;
            self.line += 1;
            self.lines_before = 1;
        } else {
            self.delimiter = delimiter::detect(&self.buffer[self.start..], self.is_over);
        }
        self.delimiter = given.unwrap_or(self.delimiter);
        Ok(())
    }

    /// Returns the length of an invisible character at the start.
    fn invisible(&self) -> Option<usize> {
        let rest = self.buffer.get(self.start..)?;
        INVISIBLE.into_iter().find_map(|c| {
            let mut bytes = [0; 4];
            let bytes = c.encode_utf8(&mut bytes).as_bytes();
            rest.starts_with(bytes).then_some(bytes.len())
        })
    }

    pub(super) const fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Returns the number of lines of the whole text, once it has been read to its end.
    pub(super) const fn lines_seen(&self) -> u64 {
        self.lines.total()
    }

    /// Returns the number of lines before the first record.
    pub(super) const fn lines_before(&self) -> u64 {
        self.lines_before
    }

    /// Reads more into the buffer; `false` at the end of the text.
    fn fill(&mut self) -> Result<bool, OpenError> {
        if self.is_over {
            return Ok(false);
        }
        if self.start > CHUNK.max(self.buffer.len() / 2) {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        let end = self.buffer.len();
        self.buffer.resize(end + CHUNK, 0);
        let n = loop {
            match self.input.read(&mut self.buffer[end..]) {
                Ok(n) => break n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    let what = format!("the file, after row {},", self.row);
                    return Err(failed(&e, self.limits, self.progress, &what));
                }
            }
        };
        self.buffer.truncate(end + n);
        self.lines.see(&self.buffer[end..]);
        self.is_over = n == 0;
        Ok(n > 0)
    }

    /// Returns the byte at this offset from the start; `None` at the end of the text.
    fn at(&mut self, place: usize) -> Result<Option<u8>, OpenError> {
        while self.start + place >= self.buffer.len() {
            if !self.fill()? {
                return Ok(None);
            }
        }
        Ok(Some(self.buffer[self.start + place]))
    }

    /// Returns the first offset from `place` on whose byte is wanted, or the end of the
    /// text if there is none.
    ///
    /// # Errors
    /// [`TooLong`] beyond the longest row.
    fn find(
        &mut self,
        place: usize,
        is_wanted: impl Fn(u8) -> bool,
    ) -> Result<Result<usize, TooLong>, OpenError> {
        let mut from = place;
        loop {
            let rest = self.buffer.get(self.start + from..).unwrap_or_default();
            if let Some(at) = find(rest, &is_wanted) {
                return Ok(if from + at > self.limits.row_bytes {
                    Err(TooLong)
                } else {
                    Ok(from + at)
                });
            }
            from += rest.len();
            if from > self.limits.row_bytes {
                return Ok(Err(TooLong));
            }
            if !self.fill()? {
                return Ok(Ok(from));
            }
        }
    }

    /// Returns where the line that contains `place` ends, and where the next one begins;
    /// `None` at the end of the text.
    fn line_from(&mut self, place: usize) -> Result<Option<(usize, usize)>, OpenError> {
        if self.at(place)?.is_none() {
            return Ok(None);
        }
        let end = self
            .find(place, |byte| matches!(byte, b'\n' | b'\r'))?
            .map_err(|TooLong| self.too_long())?;
        Ok(Some((end, self.behind_line_end(end)?)))
    }

    /// Returns where the line after the end of a line begins.
    fn behind_line_end(&mut self, end: usize) -> Result<usize, OpenError> {
        Ok(match self.at(end)? {
            None => end,
            Some(b'\r') if self.at(end + 1)? == Some(b'\n') => end + 2,
            Some(_) => end + 1,
        })
    }

    /// Returns the next record; `None` at the end of the text.
    pub(super) fn next(&mut self) -> Result<Option<Record>, OpenError> {
        if self.at(0)?.is_none() {
            return Ok(None);
        }
        self.row = self
            .row
            .checked_add(1)
            .ok_or_else(|| fault::malformed("the file has more rows than can be counted"))?;
        let Some((end, next)) = self.line_from(0)? else {
            return Ok(None);
        };
        let line = &self.buffer[self.start..self.start + end];
        let (attempt, lines) = if find(line, |byte| byte == MARK).is_none() {
            self.split_plainly(end)?;
            (Attempt::Split { end, next }, 1)
        } else {
            self.attempt()?
        };
        let (end, next, fault) = match attempt {
            Attempt::Split { end, next } => (end, next, None),
            Attempt::Stray => {
                self.split_plainly(end)?;
                (end, next, Some(self.stray(end)))
            }
        };
        let cells = self.texts(end)?;
        let is_blank = cells.iter().all(|cell| cell.trim().is_empty());
        self.start += next;
        self.line += lines;
        let row = (!is_blank).then(|| SourceRow {
            fault,
            ..SourceRow::of(self.row, cells)
        });
        Ok(Some(Record { row, lines }))
    }

    /// Splits the first line at every delimiter.
    fn split_plainly(&mut self, end: usize) -> Result<(), OpenError> {
        self.cells.clear();
        let line = &self.buffer[self.start..self.start + end];
        let mut from = 0;
        loop {
            let rest = line.get(from..).unwrap_or_default();
            let to = find(rest, |byte| byte == self.delimiter).map(|at| from + at);
            self.cells.push(Span {
                from,
                to: to.unwrap_or(end),
                is_quoted: false,
            });
            match to {
                Some(to) => from = to + 1,
                None => break,
            }
            if self.cells.len() > self.limits.columns {
                break;
            }
        }
        self.check_columns()
    }

    fn check_columns(&self) -> Result<(), OpenError> {
        if self.cells.len() > self.limits.columns {
            return Err(fault::too_many_columns(self.row, self.limits.columns));
        }
        Ok(())
    }

    /// Returns the cells as texts.
    fn texts(&self, end: usize) -> Result<Vec<String>, OpenError> {
        let record = &self.buffer[self.start..self.start + end];
        let text = std::str::from_utf8(record).map_err(|e| {
            let before = record.get(..e.valid_up_to()).unwrap_or_default();
            let byte = record.get(e.valid_up_to()).copied().unwrap_or_default();
            let line = self.line + crate::rows::line_ends(before);
            fault::unreadable(
                fault::NOT_UTF8,
                format!(
                    "row {} (line {line}) contains the byte 0x{byte:02X}, which is not UTF-8; \
                     save the file as \"CSV UTF-8\"",
                    self.row
                ),
            )
        })?;
        let may_be_guarded = find(record, |byte| byte == b'\'').is_some();
        let mut cells = Vec::with_capacity(self.cells.len());
        for (column, span) in self.cells.iter().enumerate() {
            // Cells begin and end beside ASCII characters.
            let raw = text.get(span.from..span.to).unwrap_or_default();
            let cell = if span.is_quoted && raw.contains('"') {
                raw.replace("\"\"", "\"")
            } else {
                raw.to_owned()
            };
            let limit = self.limits.cell_chars;
            if cell.len() > limit && cell.chars().count() > limit {
                return Err(fault::cell_too_long(self.row, column, limit));
            }
            cells.push(if may_be_guarded {
                unguard_formula(&cell).into_owned()
            } else {
                cell
            });
        }
        Ok(cells)
    }
}

/// The error if something is longer than a row may be.
#[derive(Debug)]
struct TooLong;
