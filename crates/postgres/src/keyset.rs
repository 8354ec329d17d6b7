//! Pages of lists by the key of their last row.

use accunode_domain::page::{Cursor, Limit, Page, Sort};
use accunode_ports::RepositoryError;

use crate::errors::defect;

/// Returns a page of rows, of which one more than requested was read.
pub(crate) fn page<T>(mut rows: Vec<T>, limit: Limit, key: impl Fn(&T) -> Cursor) -> Page<T> {
    let asked = limit.get() as usize;
    let more = rows.len() > asked;
    rows.truncate(asked);
    let next = if more { rows.last().map(key) } else { None };
    Page { rows, next }
}

/// Returns a page in the order of changes: it has a cursor after its last row, for later
/// changes.
pub(crate) fn changes<T>(mut rows: Vec<T>, limit: Limit, key: impl Fn(&T) -> Cursor) -> Page<T> {
    rows.truncate(limit.get() as usize);
    let next = rows.last().map(key);
    Page { rows, next }
}

/// The error for an order that a list does not have.
pub(crate) fn no_such_order(list: &str, sort: Sort) -> RepositoryError {
    defect(format!("{list} are not sorted by {sort}"))
}
