//! The protocol of a parser process, in frames: one byte of kind, four bytes of length
//! (little endian), and that number of bytes.
//!
//! The process has read an untrusted file, so its frames are checked as the file itself
//! would be: every length is limited before memory is allocated for it.

use std::io::{self, Read, Write};

use accunode_domain::fault::Fault;
use accunode_ports::files::{CellMark, Dialect, FileNote, MarkKind, SourceRow};

use super::request::ENCODINGS;
use crate::{
    Limits,
    fault::{CODES, NOTE_CODES, ROW_CODES},
    parse::{TableEnd, TableStart, Tally},
};

const HELLO: u8 = 1;
const TABLE: u8 = 2;
const ROWS: u8 = 3;
const END: u8 = 4;
const FAULT: u8 = 5;
const STORE_FAILED: u8 = 6;
const TABLE_END: u8 = 7;

/// The content of the first frame; another program does not write this by chance.
const GREETING: &[u8] = b"accunode-parser 2";
/// The longest text of a fault, in characters.
const DETAIL: usize = 1_000;
/// The limits on notes about one table, and on columns and characters of each.
const NOTES: usize = 16;
const NOTE_COLUMNS: usize = 64;
const NOTE_COLUMN: usize = 250;
/// The longest name of a sheet, in characters.
pub(crate) const SHEET_NAME: usize = 255;
/// The largest number of rows, and of bytes, of a batch.
const BATCH_ROWS: usize = 256;
const BATCH_BYTES: usize = 256 << 10;

/// A frame from a parser process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Its limits are set; from here on the file is responsible for what happens to the
    /// process.
    Hello,
    /// A table, whose rows follow.
    Table(TableStart),
    /// Some rows, and how many bytes of the file have been read.
    Rows(Vec<SourceRow>, u64),
    /// The rows of the table have been sent, as far as they are wanted.
    TableEnd(TableEnd),
    /// The rows of the table have been sent, as far as they are wanted.
    End,
    /// A fault of the file: code and detail.
    Fault(String, String),
    /// The file cannot be read, which is not its own fault.
    StoreFailed(String),
}

/// Why frames cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The frame is invalid.
    #[error("the parser process sent {0}")]
    Invalid(&'static str),
}

/// Writes frames.
pub(crate) struct FrameWriter<W> {
    output: W,
    batch: Vec<u8>,
    rows: u32,
}

impl<W: Write> FrameWriter<W> {
    pub(crate) const fn new(output: W) -> Self {
        Self {
            output,
            batch: Vec::new(),
            rows: 0,
        }
    }

    fn frame(&mut self, kind: u8, parts: &[&[u8]]) -> io::Result<()> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        self.output.write_all(&[kind])?;
        self.output.write_all(&number(length).to_le_bytes())?;
        for part in parts {
            self.output.write_all(part)?;
        }
        self.output.flush()
    }

    pub(crate) fn hello(&mut self) -> io::Result<()> {
        self.frame(HELLO, &[GREETING])
    }

    pub(crate) fn table(&mut self, start: &TableStart) -> io::Result<()> {
        let dialect = start.dialect.map(|dialect| {
            let encoding = ENCODINGS.iter().position(|e| *e == dialect.encoding);
            (encoding.unwrap_or_default() as u8, dialect.delimiter)
        });
        let flags = [
            start.is_hidden,
            start.is_fixed_width,
            dialect.is_some(),
            start.total_rows.is_some(),
        ];
        let (encoding, delimiter) = dialect.unwrap_or_default();
        let mut payload = flags.map(u8::from).to_vec();
        payload.extend([encoding, delimiter]);
        payload.extend(start.total_rows.unwrap_or_default().to_le_bytes());
        push_texts(&mut payload, start.sheet.as_slice());
        self.frame(TABLE, &[&payload])
    }

    pub(crate) fn table_end(&mut self, end: &TableEnd) -> io::Result<()> {
        let mut payload = vec![u8::from(end.tally.is_some())];
        let tally = end.tally.unwrap_or_default();
        payload.extend(tally.seen.to_le_bytes());
        payload.extend(tally.passed_over.to_le_bytes());
        payload.extend(tally.total_rows.to_le_bytes());
        let notes = end.notes.get(..NOTES).unwrap_or(&end.notes);
        payload.extend(number(notes.len()).to_le_bytes());
        for note in notes {
            let detail = shorten(&note.detail, DETAIL);
            push_texts(&mut payload, &[note.code.as_str(), &detail]);
            let columns: Vec<String> = note
                .columns
                .iter()
                .take(NOTE_COLUMNS)
                .map(|column| shorten(column, NOTE_COLUMN))
                .collect();
            push_texts(&mut payload, &columns);
        }
        self.frame(TABLE_END, &[&payload])
    }

    /// Adds a row to the batch, which is sent when it is large enough; `bytes` of the file
    /// have been read.
    pub(crate) fn row(&mut self, row: &SourceRow, bytes: u64) -> io::Result<()> {
        self.batch.extend(row.row.to_le_bytes());
        push_texts(&mut self.batch, &row.cells);
        self.batch.extend(number(row.marks.len()).to_le_bytes());
        for mark in &row.marks {
            self.batch.extend(mark.column.to_le_bytes());
            self.batch.push(match mark.kind {
                MarkKind::FormulaWithoutValue => 1,
                MarkKind::FormulaZero => 2,
                MarkKind::FormulaComputed => 3,
                MarkKind::Text => 4,
            });
        }
        match &row.fault {
            Some(fault) => {
                let detail = shorten(&fault.detail, DETAIL);
                push_texts(&mut self.batch, &[fault.code.as_str(), &detail]);
            }
            None => push_texts(&mut self.batch, &[""; 0]),
        }
        self.rows += 1;
        if self.rows as usize >= BATCH_ROWS || self.batch.len() >= BATCH_BYTES {
            self.flush_rows(bytes)?;
        }
        Ok(())
    }

    /// Sends the batched rows.
    pub(crate) fn flush_rows(&mut self, bytes: u64) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        let rows = std::mem::take(&mut self.rows);
        self.frame(ROWS, &[&bytes.to_le_bytes(), &rows.to_le_bytes(), &batch])?;
        self.batch = batch;
        self.batch.clear();
        Ok(())
    }

    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.frame(END, &[])
    }

    pub(crate) fn fault(&mut self, code: &str, detail: &str) -> io::Result<()> {
        let mut payload = Vec::new();
        push_texts(&mut payload, &[code, &shorten(detail, DETAIL)]);
        self.frame(FAULT, &[&payload])
    }

    pub(crate) fn store_failed(&mut self, detail: &str) -> io::Result<()> {
        let mut payload = Vec::new();
        push_texts(&mut payload, &[shorten(detail, DETAIL)]);
        self.frame(STORE_FAILED, &[&payload])
    }
}

fn shorten(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn push_texts(payload: &mut Vec<u8>, texts: &[impl AsRef<str>]) {
    payload.extend(number(texts.len()).to_le_bytes());
    for text in texts {
        let text = text.as_ref();
        payload.extend(number(text.len()).to_le_bytes());
        payload.extend(text.as_bytes());
    }
}

/// Reads untrusted frames.
pub(crate) struct FrameReader<R> {
    input: R,
    limits: Limits,
    /// The last row that is not wanted.
    last_skipped: u32,
    /// The row number of the last row that was read.
    last_row: u32,
    allowance: Allowance,
}

/// The budget of all rows together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// The remaining bytes.
    pub(crate) bytes: u64,
    /// The cost of a cell in addition to its text.
    pub(crate) cell: u64,
}

impl Allowance {
    /// Returns a budget for the first rows of all tables, which are held in memory
    /// together.
    pub(crate) const fn of_peek(limits: &Limits) -> Self {
        Self {
            bytes: limits.peek_bytes,
            cell: size_of::<String>() as u64,
        }
    }

    /// Returns a budget for rows that are not kept.
    pub(crate) const fn of_text(bytes: u64) -> Self {
        Self { bytes, cell: 0 }
    }

    /// Subtracts the cost of a row; `false` if it exceeds the rest.
    pub(crate) fn take(&mut self, cells: &[String]) -> bool {
        let text: usize = cells.iter().map(String::len).sum();
        let needed = (text as u64).saturating_add(self.cell.saturating_mul(cells.len() as u64));
        match self.bytes.checked_sub(needed) {
            Some(left) => {
                self.bytes = left;
                true
            }
            None => false,
        }
    }
}

impl<R: Read> FrameReader<R> {
    /// Reads frames of a file under `limits`, whose rows follow row `last_skipped` of their
    /// table and take no more than `allowance` together.
    pub(crate) const fn new(
        input: R,
        limits: Limits,
        last_skipped: u32,
        allowance: Allowance,
    ) -> Self {
        Self {
            input,
            limits,
            last_skipped,
            last_row: last_skipped,
            allowance,
        }
    }

    /// Returns the length of the longest frame that a correct parser sends.
    const fn longest(&self) -> usize {
        // A batch that was almost full, and a row with the lengths of its cells and its
        // marks; a text can become longer when it is converted.
        BATCH_BYTES + 3 * self.limits.row_bytes + 12 * self.limits.columns + 8 * DETAIL
    }

    /// Returns the next frame.
    ///
    /// # Errors
    /// [`FrameError::Io`] if the pipe ends early or is silent for too long,
    /// [`FrameError::Invalid`] for an invalid frame.
    pub(crate) fn next(&mut self) -> Result<Frame, FrameError> {
        let mut start = [0; 5];
        self.input.read_exact(&mut start)?;
        let [kind, length @ ..] = start;
        let length = u32::from_le_bytes(length) as usize;
        if length > self.longest() {
            return Err(FrameError::Invalid("a frame that is too long"));
        }
        let mut payload = vec![0; length];
        self.input.read_exact(&mut payload)?;
        let mut payload = Payload(&payload);
        let frame = match kind {
            HELLO => {
                if payload.take(GREETING.len())? != GREETING {
                    return Err(FrameError::Invalid("another greeting"));
                }
                Frame::Hello
            }
            TABLE => {
                self.last_row = self.last_skipped;
                Frame::Table(payload.table()?)
            }
            ROWS => {
                let read = u64::from_le_bytes(payload.array()?);
                let rows = self.rows(&mut payload)?;
                Frame::Rows(rows, read)
            }
            TABLE_END => Frame::TableEnd(payload.table_end()?),
            END => Frame::End,
            FAULT => match payload.texts(2)?.as_slice() {
                [code, detail] if CODES.contains(&code.as_str()) => {
                    Frame::Fault(code.clone(), printable(detail))
                }
                _ => return Err(FrameError::Invalid("an unknown fault")),
            },
            STORE_FAILED => Frame::StoreFailed(printable(&payload.texts(1)?.concat())),
            _ => return Err(FrameError::Invalid("a frame of an unknown kind")),
        };
        if payload.0.is_empty() {
            Ok(frame)
        } else {
            Err(FrameError::Invalid("more than its frame should hold"))
        }
    }

    fn rows(&mut self, payload: &mut Payload<'_>) -> Result<Vec<SourceRow>, FrameError> {
        let count = payload.number()? as usize;
        if count > BATCH_ROWS {
            return Err(FrameError::Invalid("too many rows at once"));
        }
        let mut rows = Vec::with_capacity(count);
        for _ in 0..count {
            let row = payload.number()?;
            if row <= self.last_row {
                return Err(FrameError::Invalid("rows out of order"));
            }
            self.last_row = row;
            let cells = payload.texts(self.limits.columns)?;
            if !self.allowance.take(&cells) {
                return Err(FrameError::Invalid("more text than the file can have"));
            }
            let marks = payload.marks(cells.len())?;
            let fault = match payload.texts(2)?.as_slice() {
                [] => None,
                [code, detail] if ROW_CODES.contains(&code.as_str()) => {
                    Some(Fault::new("", code, printable(detail)))
                }
                _ => return Err(FrameError::Invalid("an unknown fault of a row")),
            };
            rows.push(SourceRow {
                row,
                cells,
                marks,
                fault,
            });
        }
        Ok(rows)
    }
}

/// Returns text without characters that could forge a line of a log or of a terminal.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(DETAIL)
        .collect()
}

/// The remaining bytes of a frame.
struct Payload<'a>(&'a [u8]);

impl<'a> Payload<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], FrameError> {
        let (taken, rest) = self
            .0
            .split_at_checked(n)
            .ok_or(FrameError::Invalid("a frame that is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        self.take(N)?
            .try_into()
            .map_err(|_| FrameError::Invalid("a frame that is cut off"))
    }

    fn number(&mut self) -> Result<u32, FrameError> {
        self.array().map(u32::from_le_bytes)
    }

    fn long(&mut self) -> Result<u64, FrameError> {
        self.array().map(u64::from_le_bytes)
    }

    fn table(&mut self) -> Result<TableStart, FrameError> {
        let flags: [u8; 4] = self.array()?;
        let [is_hidden, is_fixed_width, has_dialect, has_total] = flags.map(|flag| flag == 1);
        let [encoding, delimiter] = self.array()?;
        let total = self.number()?;
        let dialect = match ENCODINGS.get(usize::from(encoding)) {
            Some(encoding) if delimiter.is_ascii() => Dialect {
                encoding: *encoding,
                delimiter,
            },
            _ => return Err(FrameError::Invalid("an unknown dialect")),
        };
        let sheet = self.texts(1)?.pop();
        if sheet
            .as_ref()
            .is_some_and(|name| name.chars().count() > SHEET_NAME)
        {
            return Err(FrameError::Invalid("a name that is too long"));
        }
        Ok(TableStart {
            sheet,
            is_hidden,
            is_fixed_width,
            dialect: has_dialect.then_some(dialect),
            total_rows: has_total.then_some(total),
        })
    }

    fn table_end(&mut self) -> Result<TableEnd, FrameError> {
        let has_tally = self.take(1)? == [1];
        let tally = Tally {
            seen: self.long()?,
            passed_over: self.long()?,
            total_rows: self.number()?,
        };
        let count = self.number()? as usize;
        if count > NOTES {
            return Err(FrameError::Invalid("too many notes"));
        }
        let notes = (0..count).map(|_| self.note()).collect::<Result<_, _>>()?;
        Ok(TableEnd {
            notes,
            tally: has_tally.then_some(tally),
        })
    }

    fn note(&mut self) -> Result<FileNote, FrameError> {
        let texts = self.texts(2)?;
        let [code, detail] = texts.as_slice() else {
            return Err(FrameError::Invalid("a note without words"));
        };
        if !NOTE_CODES.contains(&code.as_str()) {
            return Err(FrameError::Invalid("an unknown note"));
        }
        let columns = self.texts(NOTE_COLUMNS)?;
        Ok(FileNote {
            code: code.clone(),
            detail: printable(detail),
            columns: columns.iter().map(|column| printable(column)).collect(),
        })
    }

    /// Reads the marks of a row that has this number of cells.
    fn marks(&mut self, cells: usize) -> Result<Vec<CellMark>, FrameError> {
        let count = self.number()? as usize;
        if count > cells {
            return Err(FrameError::Invalid("more marks than cells"));
        }
        let mut marks = Vec::with_capacity(count);
        for _ in 0..count {
            let column = u16::from_le_bytes(self.array()?);
            let kind = match self.take(1)? {
                [1] => MarkKind::FormulaWithoutValue,
                [2] => MarkKind::FormulaZero,
                [3] => MarkKind::FormulaComputed,
                [4] => MarkKind::Text,
                _ => return Err(FrameError::Invalid("an unknown mark")),
            };
            marks.push(CellMark { column, kind });
        }
        Ok(marks)
    }

    /// Reads at most `most` texts.
    fn texts(&mut self, most: usize) -> Result<Vec<String>, FrameError> {
        let count = self.number()? as usize;
        if count > most {
            return Err(FrameError::Invalid("too many texts"));
        }
        let mut texts = Vec::with_capacity(count);
        for _ in 0..count {
            let length = self.number()? as usize;
            let text = std::str::from_utf8(self.take(length)?)
                .map_err(|_| FrameError::Invalid("text that is not UTF-8"))?;
            texts.push(text.to_owned());
        }
        Ok(texts)
    }
}
