//! Uploaded files: where they are kept and how their rows are read.
//!
//! [`ObjectFileStore`] keeps files in a folder or an object store and opens their
//! rows; [`read_rows`] reads a file of the local disk without a runtime, by the
//! same code. Files come from strangers: every format is read as a stream, under
//! [`Limits`], by a process of its own ([`ParserSettings`], [`run_parser_if_asked`]) that ends
//! when its reader is dropped.
//!
//! To add a format: its name and first bytes in `format`, a module that pushes a
//! header and rows into a `Sink`, and a branch in `parse`.

mod columns;
mod csv;
mod fault;
mod folder;
mod format;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod limits;
mod objects;
mod parse;
mod parser;
mod progress;
mod rows;
mod store;
mod unzip;
mod worker;
mod xlsx;

pub use columns::normalized_column;
pub use limits::Limits;
pub use objects::{ObjectBytes, Objects, Written};
pub use parser::{ParserSettings, run_parser_if_asked};
pub use rows::{Rows, read_rows};
pub use store::{FileSettings, ObjectFileStore};
