//! Uploaded files: their storage, and reading their rows.

use accunode_domain::{Timestamp, fault::Fault};
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use crate::PortError;

/// A file that was received completely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// The key in the file store.
    pub key: String,
    /// The size in bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// Why a file was not stored.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The file is larger than allowed; nothing of it is stored.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The client disconnected before the end; nothing of it is stored.
    #[error("the upload was cut off")]
    CutOff(#[source] crate::error::Cause),
    /// The store failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// A stream of a file's bytes.
pub type ByteStream = BoxStream<'static, Result<Bytes, crate::error::Cause>>;

/// A stream of keys of files.
pub type KeyStream = BoxStream<'static, Result<String, PortError>>;

/// The storage of uploaded files: a folder, or an object store.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait FileStore: Send + Sync {
    /// Receives a file as a stream, once, and computes its hash meanwhile. Its key is
    /// derived from `id`.
    async fn receive(
        &self,
        id: uuid::Uuid,
        bytes: ByteStream,
        limit: u64,
    ) -> Result<StoredFile, ReceiveError>;
    /// Returns the beginning of a stored file: at most the first `rows` rows of every table
    /// that has rows, so that the format and the header can be checked. Fewer rows are
    /// returned if they are very long.
    ///
    /// The format follows from `original_filename`, and the bytes must agree.
    ///
    /// # Errors
    /// As [`Self::open_rows`]; `Unavailable` if too many files are being read at the same
    /// time.
    async fn peek(&self, key: &str, original_filename: &str, rows: u32) -> Result<Peek, OpenError>;
    /// Opens the rows of one table of a stored file: the rows after its header row and after
    /// row `after` (0 skips none).
    ///
    /// # Errors
    /// [`OpenError::Unreadable`] with a fault that an analyst understands.
    async fn open_rows(
        &self,
        key: &str,
        original_filename: &str,
        table: &TableChoice,
        after: u32,
    ) -> Result<Box<dyn RowReader>, OpenError>;
    /// Stores an archive under its own name, separate from uploaded files. Only an operator
    /// removes it.
    async fn keep_archive(&self, name: &str, bytes: ByteStream) -> Result<StoredFile, PortError>;
    /// Returns the bytes of an archive.
    async fn read_archive(&self, key: &str) -> Result<ByteStream, PortError>;
    /// Removes a file; a missing file counts as removed.
    async fn remove(&self, key: &str) -> Result<(), PortError>;
    /// Returns the keys of stored files that were last written before a time, in no
    /// particular order.
    fn written_before(&self, before: Timestamp) -> KeyStream;
    /// Removes the remains of files that were never received completely, because the process
    /// ended, and returns their number. If the store cannot distinguish them from files that
    /// a process is still receiving, it removes those that were last written before a time.
    /// Stores that clean up by themselves return 0.
    async fn remove_unfinished(&self, before: Timestamp) -> Result<u64, PortError>;
}

/// Why the rows of a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file itself is faulty: `unsupported_format`, `empty_file`, `malformed_file`,
    /// `too_large_inflated`, `file_too_complex` and so on.
    #[error("{}", .0.detail)]
    Unreadable(Fault),
    /// The store failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// A row as a user sees it. The reader of the rows decides which row is the header and what
/// a cell means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// The row number in its table, from 1. Blank rows are skipped but counted.
    pub row: u32,
    /// The cells as they are displayed, neither trimmed nor padded: numbers of a workbook in
    /// their shortest decimal form, percentages with their sign and all their digits, dates
    /// in ISO 8601.
    pub cells: Vec<String>,
    /// Properties of single cells besides their text, in the order of the columns.
    pub marks: Vec<CellMark>,
    /// Why the row cannot be used; its cells are a guess then.
    pub fault: Option<Fault>,
}

impl SourceRow {
    /// Creates a row of cells only.
    #[must_use]
    pub const fn of(row: u32, cells: Vec<String>) -> Self {
        Self {
            row,
            cells,
            marks: Vec::new(),
            fault: None,
        }
    }
}

/// A property of one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellMark {
    /// The index of the cell, from 0.
    pub column: u16,
    /// The property.
    pub kind: MarkKind,
}

/// The kind of a cell's property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// A formula without a stored value: the cell is empty.
    FormulaWithoutValue,
    /// A formula whose stored value is 0, which some programs write for a formula that was
    /// never computed.
    FormulaZero,
    /// A formula with another stored value: only the first of its column, because it shows
    /// that the column was computed.
    FormulaComputed,
    /// A cell of a workbook that is a text with a point or a comma in it: unlike that of a number,
    /// its decimal mark is not certain.
    Text,
}

/// The beginning of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peek {
    /// Every table with a row that is not blank, in the order of the file: one for text, one
    /// for each sheet of a workbook.
    pub tables: Vec<TableHead>,
}

/// The beginning of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableHead {
    /// The name of the sheet; `None` for text.
    pub sheet: Option<String>,
    /// Whether the sheet is hidden.
    pub is_hidden: bool,
    /// Whether every row must have as many cells as the header. A sheet drops empty cells
    /// at the end of a row, text does not.
    pub is_fixed_width: bool,
    /// The first rows that are not blank, including those above the header.
    pub rows: Vec<SourceRow>,
    /// The dialect of the text, as far as its beginning shows it.
    pub dialect: Option<Dialect>,
    /// The reader's findings.
    pub notes: Vec<FileNote>,
}

/// The dialect of a text file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The encoding of its characters.
    pub encoding: Encoding,
    /// The ASCII character that separates two cells.
    pub delimiter: u8,
}

/// An encoding of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// The code page of Western Europe.
    Windows1252,
}

/// The choice of the table to read, and how to read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableChoice {
    /// The name of the sheet; `None` for the first visible one.
    pub sheet: Option<String>,
    /// The row of the header; 0 if there is none.
    pub header_row: u32,
    /// The number of cells of the header; 0 if it is not known. It decides whether a quoted
    /// cell may continue after the end of a line.
    pub width: u32,
    /// The dialect of the text; `None` to derive it from the whole file, not only its
    /// beginning.
    pub dialect: Option<Dialect>,
}

/// A finding of the reader that an analyst should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileNote {
    /// A stable code for programs, in snake_case: `converted_encoding`, `hidden_rows`.
    pub code: String,
    /// A message for users.
    pub detail: String,
    /// The columns concerned, if any.
    pub columns: Vec<String>,
}

/// The rows of a table, read in chunks. Only the chunk is held in memory (except for a
/// workbook's shared strings).
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RowReader: Send {
    /// Returns the number of rows after the header that are not blank, whatever `after` was;
    /// `None` if it is not known yet. Once known, it never changes.
    fn total_rows(&self) -> Option<u32>;
    /// Returns the number of bytes of the file read so far.
    fn bytes_read(&self) -> u64;
    /// Returns the next rows, at most `max`; none at the end.
    ///
    /// # Errors
    /// [`OpenError::Unreadable`] if the file is broken at this point.
    async fn next_rows(&mut self, max: usize) -> Result<Vec<SourceRow>, OpenError>;
    /// Returns the reader's findings. They are complete once [`Self::next_rows`] has
    /// returned no rows.
    fn notes(&self) -> Vec<FileNote>;
    /// Returns how many rows should have been returned, by an independent count of lines
    /// (for a workbook: of row elements). `None` until [`Self::next_rows`] has returned no
    /// rows. Any other number of returned rows is a defect.
    fn records_seen(&self) -> Option<u64>;
}
