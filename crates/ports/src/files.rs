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
    /// The beginning of a kept file: its columns and at most `rows` rows, to see
    /// whether it can be worked on.
    ///
    /// # Errors
    /// As [`Self::open_rows`]; `Unavailable` where too many files are being looked at.
    async fn peek(&self, key: &str, original_filename: &str, rows: u32) -> Result<Peek, OpenError>;
    /// Opens the rows of a kept file, skipping those up to `after` (0 skips none).
    /// `original_filename` tells the format, and the bytes must agree.
    ///
    /// # Errors
    /// [`OpenError::Unreadable`] with a fault that an analyst understands.
    async fn open_rows(
        &self,
        key: &str,
        original_filename: &str,
        after: u32,
    ) -> Result<Box<dyn RowReader>, OpenError>;
    /// Removes a file; one that is not there is removed already.
    async fn remove(&self, key: &str) -> Result<(), PortError>;
    /// The keys of kept files that were last written before a time, in no order.
    fn written_before(&self, before: Timestamp) -> KeyStream;
    /// Removes what is left of files that were never received whole, because the
    /// process ended meanwhile, and were last written before a time; how many those
    /// were. Stores that look after this themselves answer 0.
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

/// A row as it stands in the file: one text for each column of the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// The row in its file; the header is row 1. Blank rows are passed over but counted.
    pub row: u32,
    /// The cells; missing ones are empty. Numbers of a workbook in their shortest
    /// decimal form.
    pub cells: Vec<String>,
}

/// How a file begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peek {
    /// The names of the columns, trimmed, lower-cased, blanks as underscores.
    pub columns: Vec<String>,
    /// The first rows.
    pub rows: Vec<SourceRow>,
}

/// The rows of a file, a chunk at a time. Nothing but the chunk is held in memory
/// (a workbook's shared strings excepted).
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RowReader: Send {
    /// The names of the columns, trimmed, lower-cased, blanks as underscores.
    fn columns(&self) -> &[String];
    /// Rows of data in the file, where the format tells it early.
    fn total_rows(&self) -> Option<u32>;
    /// Bytes of the file read so far.
    fn bytes_read(&self) -> u64;
    /// The next rows, at most `max`; none at the end.
    ///
    /// # Errors
    /// [`OpenError::Unreadable`] where the file turns out to be broken here.
    async fn next_rows(&mut self, max: usize) -> Result<Vec<SourceRow>, OpenError>;
}
