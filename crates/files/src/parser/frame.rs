//! What a parser process says, in frames: one byte of kind, four bytes of length
//! (little endian), and so many bytes.
//!
//! The process has read a stranger's file, so its words are checked as the file itself
//! would be: every length is bounded before memory is taken for it.

use std::io::{self, Read, Write};

use accunode_ports::files::SourceRow;

use crate::{Limits, fault::CODES};

const HELLO: u8 = 1;
const HEADER: u8 = 2;
const ROWS: u8 = 3;
const END: u8 = 4;
const FAULT: u8 = 5;
const STORE_FAILED: u8 = 6;

/// What the first frame contains; another program does not say this by chance.
const GREETING: &[u8] = b"accunode-parser 1";
/// The longest text of a fault, in characters.
const DETAIL: usize = 1_000;
/// Rows travel in batches of at most so many, or so many bytes.
const BATCH_ROWS: usize = 256;
const BATCH_BYTES: usize = 256 << 10;

/// What a parser process says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Its limits are set; from here on what happens to it is the file's doing.
    Hello,
    /// The names of the columns, and how many rows the file speaks of.
    Header(Vec<String>, Option<u32>),
    /// Some rows, and how many bytes of the file have been read.
    Rows(Vec<SourceRow>, u64),
    /// All rows have been sent.
    End,
    /// What is wrong with the file: code and detail.
    Fault(String, String),
    /// The file cannot be read, through no fault of its own.
    StoreFailed(String),
}

/// Why frames cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    #[error(transparent)]
    Io(#[from] io::Error),
    /// No parser says this.
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

    pub(crate) fn header(&mut self, columns: &[String], total: Option<u32>) -> io::Result<()> {
        let mut payload = vec![u8::from(total.is_some())];
        payload.extend(total.unwrap_or_default().to_le_bytes());
        push_texts(&mut payload, columns);
        self.frame(HEADER, &[&payload])
    }

    /// Adds a row to the batch, which is sent when it is large enough; `bytes` of the
    /// file have been read.
    pub(crate) fn row(&mut self, row: &SourceRow, bytes: u64) -> io::Result<()> {
        self.batch.extend(row.row.to_le_bytes());
        push_texts(&mut self.batch, &row.cells);
        self.rows += 1;
        if self.rows as usize >= BATCH_ROWS || self.batch.len() >= BATCH_BYTES {
            self.flush_rows(bytes)?;
        }
        Ok(())
    }

    /// Sends the rows that wait.
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
        push_texts(&mut payload, &[code, &shorten(detail)]);
        self.frame(FAULT, &[&payload])
    }

    pub(crate) fn store_failed(&mut self, detail: &str) -> io::Result<()> {
        let mut payload = Vec::new();
        push_texts(&mut payload, &[shorten(detail)]);
        self.frame(STORE_FAILED, &[&payload])
    }
}

fn shorten(detail: &str) -> String {
    detail.chars().take(DETAIL).collect()
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

/// Reads frames that are not trusted.
pub(crate) struct FrameReader<R> {
    input: R,
    limits: Limits,
    /// The row of the last row that was read.
    last_row: u32,
    /// Bytes that rows may still have.
    text_left: u64,
}

impl<R: Read> FrameReader<R> {
    /// Reads frames of a file under `limits`, whose rows come after row `after` and have
    /// at most `text` bytes together.
    pub(crate) const fn new(input: R, limits: Limits, after: u32, text: u64) -> Self {
        Self {
            input,
            limits,
            last_row: after,
            text_left: text,
        }
    }

    /// The longest frame that an honest parser sends.
    const fn longest(&self) -> usize {
        // A batch that was almost full, and a row with the lengths of its cells; the
        // names of columns can become longer when they are lower-cased.
        BATCH_BYTES + 3 * self.limits.row_bytes + 4 * self.limits.columns + 64
    }

    /// The next frame.
    ///
    /// # Errors
    /// [`FrameError::Io`] where the pipe ends early or is silent for too long,
    /// [`FrameError::Invalid`] for what no parser says.
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
            HEADER => {
                let stated = payload.take(1)? == [1];
                let total = payload.number()?;
                let columns = payload.texts(self.limits.columns)?;
                Frame::Header(columns, stated.then_some(total))
            }
            ROWS => {
                let read = u64::from_le_bytes(payload.array()?);
                let rows = self.rows(&mut payload)?;
                Frame::Rows(rows, read)
            }
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
            let text: usize = cells.iter().map(String::len).sum();
            self.text_left = self
                .text_left
                .checked_sub(text as u64)
                .ok_or(FrameError::Invalid("more text than the file can have"))?;
            rows.push(SourceRow { row, cells });
        }
        Ok(rows)
    }
}

/// Text without what could forge a line of a log or of a terminal.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(DETAIL)
        .collect()
}

/// The bytes of a frame that are left.
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

    /// At most `most` texts.
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
