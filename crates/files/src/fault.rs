//! What is wrong with a file, in the words of somebody who made it with a spreadsheet.

use accunode_domain::fault::Fault;
use accunode_ports::{PortError, error::Cause, files::OpenError};

const FILE: &str = "/file";

/// A fault of the file.
pub(crate) fn unreadable(code: &str, detail: impl Into<String>) -> OpenError {
    OpenError::Unreadable(Fault::new(FILE, code, detail))
}

/// There is nothing in it.
pub(crate) fn empty_file() -> OpenError {
    unreadable(
        "empty_file",
        "the file is empty; its first row must name the columns",
    )
}

/// It is damaged.
pub(crate) fn malformed(detail: impl Into<String>) -> OpenError {
    unreadable("malformed_file", detail)
}

/// It inflates beyond a bound.
pub(crate) fn too_large_inflated(what: &str, limit: u64) -> OpenError {
    unreadable(
        "too_large_inflated",
        format!(
            "{what} unpacks to more than {}; split the file",
            bytes(limit)
        ),
    )
}

/// It was packed so well that it cannot be a table.
pub(crate) fn bomb(what: &str, ratio: u64) -> OpenError {
    unreadable(
        "too_large_inflated",
        format!("{what} unpacks to more than {ratio} times its size; send it unpacked"),
    )
}

/// A row has too many cells.
pub(crate) fn too_many_columns(row: u32, limit: usize) -> OpenError {
    unreadable(
        "too_many_columns",
        format!("row {row} has more than {limit} columns; remove those that are not needed"),
    )
}

/// A cell is too long.
pub(crate) fn cell_too_long(row: u32, column: usize, limit: usize) -> OpenError {
    unreadable(
        "cell_too_long",
        format!(
            "row {row}, column {} holds more than {limit} characters",
            column + 1
        ),
    )
}

/// The store failed.
pub(crate) fn store_failed(cause: impl Into<Cause>) -> PortError {
    PortError::Unavailable {
        what: "file store",
        cause: cause.into(),
    }
}

/// A defect on this side.
pub(crate) fn internal(cause: impl Into<Cause>) -> PortError {
    PortError::Internal {
        what: "file store",
        cause: cause.into(),
    }
}

fn bytes(n: u64) -> String {
    match n {
        n if n >= 1 << 30 => format!("{} GiB", n >> 30),
        n if n >= 1 << 20 => format!("{} MiB", n >> 20),
        n => format!("{n} bytes"),
    }
}
