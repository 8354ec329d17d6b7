//! Uploaded files: where they are kept, and how their rows are read.

use accunode_domain::{Timestamp, fault::Fault};
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use crate::PortError;

/// A file that has been received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Where it is kept.
    pub key: String,
    /// In bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// Why a file was not kept.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// It is larger than allowed; nothing of it is kept.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The client stopped in the middle; nothing of it is kept.
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

/// Where uploaded files are kept: a folder, or an object store.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait FileStore: Send + Sync {
    /// Streams a file in, once, hashing on the way. A name is chosen from `id`.
    async fn receive(
        &self,
        id: uuid::Uuid,
        bytes: ByteStream,
        limit: u64,
    ) -> Result<StoredFile, ReceiveError>;
    /// The beginning of a kept file: at most the first `rows` rows of every table that has
    /// rows, to see what it is and whether it can be worked on. Fewer rows are handed on
    /// where they are very long.
    ///
    /// `original_filename` tells the format, and the bytes must agree.
    ///
    /// # Errors
    /// As [`Self::open_rows`]; `Unavailable` where too many files are being looked at.
    async fn peek(&self, key: &str, original_filename: &str, rows: u32) -> Result<Peek, OpenError>;
    /// Opens the rows of one table of a kept file: those behind its header row and behind
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
    /// Keeps an archive under a name of its own, apart from uploaded files: nothing but an
    /// operator removes it.
    async fn keep_archive(&self, name: &str, bytes: ByteStream) -> Result<StoredFile, PortError>;
    /// The bytes of an archive.
    async fn read_archive(&self, key: &str) -> Result<ByteStream, PortError>;
    /// Removes a file; one that is not there is removed already.
    async fn remove(&self, key: &str) -> Result<(), PortError>;
    /// The keys of kept files that were last written before a time, in no order.
    fn written_before(&self, before: Timestamp) -> KeyStream;
    /// Removes what is left of files that were never received whole, because the
    /// process ended meanwhile; how many those were. Where the store cannot tell that
    /// from a process that still works on them, it removes those that were last written
    /// before a time. Stores that look after this themselves answer 0.
    async fn remove_unfinished(&self, before: Timestamp) -> Result<u64, PortError>;
}

/// Why the rows of a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file itself: `unsupported_format`, `empty_file`, `malformed_file`,
    /// `too_large_inflated`, `file_too_complex` and so on.
    #[error("{}", .0.detail)]
    Unreadable(Fault),
    /// The store failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// A row as a user sees it. Which row is the header and what a cell means is decided by
/// anyone who reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// The row in its table, from 1. Blank rows are passed over but counted.
    pub row: u32,
    /// The cells as they are shown, neither trimmed nor padded: numbers of a workbook in
    /// their shortest decimal form, percentages with their sign and all their digits, dates
    /// in ISO 8601.
    pub cells: Vec<String>,
    /// What is to be known of single cells beside their text, in the order of the columns.
    pub marks: Vec<CellMark>,
    /// Why the row cannot be taken as it stands; its cells are a guess then.
    pub fault: Option<Fault>,
}

impl SourceRow {
    /// A row of nothing but cells.
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

/// Something to be known of one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellMark {
    /// The index of the cell, from 0.
    pub column: u16,
    /// What it is.
    pub kind: MarkKind,
}

/// What is to be known of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// A formula of which the file holds no value: the cell is empty.
    FormulaWithoutValue,
    /// A formula whose stored value is 0, as some programs write it for a formula that was
    /// never computed.
    FormulaZero,
    /// A formula with another stored value: the first of its column only, because it says
    /// that the column was computed.
    FormulaComputed,
}

/// How a file begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peek {
    /// Every table with a row that is not blank, in the order of the file: one for text, one
    /// for each sheet of a workbook.
    pub tables: Vec<TableHead>,
}

/// How a table begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableHead {
    /// The name of the sheet; none for text.
    pub sheet: Option<String>,
    /// Whether the sheet is hidden.
    pub is_hidden: bool,
    /// Whether every row must have as many cells as the header. A sheet drops empty cells
    /// at the end of a row, text does not.
    pub is_fixed_width: bool,
    /// The first rows that are not blank, with everything that stands above the header.
    pub rows: Vec<SourceRow>,
    /// How text is written, as far as its beginning tells.
    pub dialect: Option<Dialect>,
    /// What the reader found.
    pub notes: Vec<FileNote>,
}

/// How text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The encoding of its characters.
    pub encoding: Encoding,
    /// The ASCII character between two cells.
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

/// Which table of a file is read, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableChoice {
    /// The name of the sheet; without it the first visible one.
    pub sheet: Option<String>,
    /// The row of the header; 0 where there is none.
    pub header_row: u32,
    /// How many cells the header has; 0 where that is not known. It decides whether a
    /// quotation may run over the end of a line.
    pub width: u32,
    /// How text is written; without it the whole file decides, not only its beginning.
    pub dialect: Option<Dialect>,
}

/// Something that the reader found in a file and an analyst should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileNote {
    /// A stable code for programs, in snake_case: `converted_encoding`, `hidden_rows`.
    pub code: String,
    /// A message for users.
    pub detail: String,
    /// The columns that it is about, where it is about columns.
    pub columns: Vec<String>,
}

/// The rows of a table, a chunk at a time. Nothing but the chunk is held in memory
/// (a workbook's shared strings excepted).
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RowReader: Send {
    /// Rows behind the header that are not blank, whatever `after` was; none where that is
    /// not known yet. It never changes from one number to another.
    fn total_rows(&self) -> Option<u32>;
    /// Bytes of the file read so far.
    fn bytes_read(&self) -> u64;
    /// The next rows, at most `max`; none at the end.
    ///
    /// # Errors
    /// [`OpenError::Unreadable`] where the file turns out to be broken here.
    async fn next_rows(&mut self, max: usize) -> Result<Vec<SourceRow>, OpenError>;
    /// What the reader found. Complete once [`Self::next_rows`] has answered none.
    fn notes(&self) -> Vec<FileNote>;
    /// How many rows should have been handed on, by a count of lines (of a workbook: of row
    /// elements) that knows nothing of how rows are split. None before
    /// [`Self::next_rows`] has answered none. Any other number of rows is a defect.
    fn records_seen(&self) -> Option<u64>;
}
