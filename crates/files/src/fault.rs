//! Faults of a file, described for a user who made it with a spreadsheet.

use accunode_domain::fault::Fault;
use accunode_ports::{PortError, error::Cause, files::OpenError};

const FILE: &str = "/file";

/// All codes of this crate. A parser process that sends another one is not trusted.
pub(crate) const CODES: [&str; 8] = [
    "cell_too_long",
    "empty_file",
    "file_too_complex",
    "malformed_file",
    NOT_UTF8,
    "too_large_inflated",
    "too_many_columns",
    "unsupported_format",
];

/// The text is in an unsupported encoding.
pub(crate) const NOT_UTF8: &str = "not_utf8";

/// All codes of a fault of a single row.
pub(crate) const ROW_CODES: [&str; 1] = [STRAY_QUOTATION];
/// A quotation mark opens a quotation that ends at an invalid position.
pub(crate) const STRAY_QUOTATION: &str = "stray_quotation";

/// All codes of a note.
pub(crate) const NOTE_CODES: [&str; 2] = [CONVERTED_ENCODING, HIDDEN_ROWS];
/// The characters of the file are not UTF-8 and were converted.
pub(crate) const CONVERTED_ENCODING: &str = "converted_encoding";
/// Rows that a spreadsheet does not show were read.
pub(crate) const HIDDEN_ROWS: &str = "hidden_rows";

/// Returns a fault of the file.
pub(crate) fn unreadable(code: &str, detail: impl Into<String>) -> OpenError {
    OpenError::Unreadable(Fault::new(FILE, code, detail))
}

/// The error for an empty file.
pub(crate) fn empty_file() -> OpenError {
    unreadable(
        "empty_file",
        "the file is empty; its first row must name the columns",
    )
}

/// The error for a damaged file.
pub(crate) fn malformed(detail: impl Into<String>) -> OpenError {
    unreadable("malformed_file", detail)
}

/// The error for a file that inflates beyond a limit.
pub(crate) fn too_large_inflated(what: &str, limit: u64) -> OpenError {
    unreadable(
        "too_large_inflated",
        format!(
            "{what} unpacks to more than {}; split the file",
            bytes(limit)
        ),
    )
}

/// The error for a file that is compressed so strongly that it cannot be a table.
pub(crate) fn bomb(what: &str, ratio: u64) -> OpenError {
    unreadable(
        "too_large_inflated",
        format!("{what} unpacks to more than {ratio} times its size; send it unpacked"),
    )
}

/// The error for a file that would take more resources than allowed.
pub(crate) fn too_complex(detail: impl std::fmt::Display) -> OpenError {
    unreadable(
        "file_too_complex",
        format!("{detail}; split the file, or save its rows as CSV"),
    )
}

/// The error for a file that has more of something than allowed.
pub(crate) fn too_many(what: &str, kind: &str, limit: u64) -> OpenError {
    too_complex(format_args!("{what} has more than {limit} {kind}"))
}

/// The error for a row with too many cells.
pub(crate) fn too_many_columns(row: u32, limit: usize) -> OpenError {
    unreadable(
        "too_many_columns",
        format!("row {row} has more than {limit} columns; remove those that are not needed"),
    )
}

/// The error for a cell that is too long.
pub(crate) fn cell_too_long(row: u32, column: usize, limit: usize) -> OpenError {
    unreadable(
        "cell_too_long",
        format!(
            "row {row}, column {} holds more than {limit} characters",
            column + 1
        ),
    )
}

/// The error for a failure of the store.
pub(crate) fn store_failed(cause: impl Into<Cause>) -> PortError {
    PortError::Unavailable {
        what: "file store",
        cause: cause.into(),
    }
}

/// The error if too many files are being read.
pub(crate) fn busy() -> PortError {
    PortError::Unavailable {
        what: "parser of uploads",
        cause: "as many files are being checked as are at a time".into(),
    }
}

/// The error for a defect of this program.
pub(crate) fn internal(cause: impl Into<Cause>) -> PortError {
    PortError::Internal {
        what: "file store",
        cause: cause.into(),
    }
}

pub(crate) fn bytes(n: u64) -> String {
    match n {
        n if n >= 1 << 30 => format!("{} GiB", n >> 30),
        n if n >= 1 << 20 => format!("{} MiB", n >> 20),
        n => format!("{n} bytes"),
    }
}
