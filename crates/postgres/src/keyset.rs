//! Pages of lists by the key of their last row.

use accunode_domain::page::{Cursor, Limit, Page, Sort};
use accunode_ports::RepositoryError;

use crate::errors::defect;

/// A page of rows of which one more than asked was read.
pub(crate) fn page<T>(mut rows: Vec<T>, limit: Limit, key: impl Fn(&T) -> Cursor) -> Page<T> {
    let asked = limit.get() as usize;
    let more = rows.len() > asked;
    rows.truncate(asked);
    let next = if more { rows.last().map(key) } else { None };
    Page { rows, next }
}

/// A page in the order of changes: there is always a place behind its last row, for what changes
/// later.
pub(crate) fn changes<T>(mut rows: Vec<T>, limit: Limit, key: impl Fn(&T) -> Cursor) -> Page<T> {
    rows.truncate(limit.get() as usize);
    let next = rows.last().map(key);
    Page { rows, next }
}

/// An order that a list does not have.
pub(crate) fn no_such_order(list: &str, sort: Sort) -> RepositoryError {
    defect(format!("{list} are not sorted by {sort}"))
}
