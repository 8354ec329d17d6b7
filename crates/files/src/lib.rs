//! Uploaded files: storing them and reading their rows.
//!
//! [`ObjectFileStore`] stores files in a folder or in a bucket ([`Location`]) and opens their
//! rows; [`peek_file`] and [`read_rows`] read a file of the local disk without a runtime, by
//! the same code. Files are untrusted: every format is read as a stream, under [`Limits`], by
//! a separate process ([`ParserSettings`], [`run_parser_if_asked`]) that ends when its reader
//! is dropped.
//!
//! Rows are returned as a spreadsheet displays them. The caller decides which of them is the
//! header, which sheet is used and what a cell means.
//!
//! To add a format: its name and first bytes in `format`, a module that pushes
//! tables and rows into a `Sink`, and a branch in `parse`.

mod csv;
mod fault;
mod find;
mod folder;
mod format;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod limits;
mod location;
mod objects;
mod parse;
mod parser;
mod progress;
mod rows;
mod store;
mod turns;
mod unzip;
mod worker;
mod xlsx;

pub use limits::Limits;
pub use location::{Location, S3Settings, provide_tls};
pub use objects::{ObjectBytes, Objects, Written};
pub use parser::{ParserSettings, run_parser_if_asked};
pub use rows::{Rows, peek_file, read_rows};
pub use store::{FileSettings, ObjectFileStore};
