//! One file for each repository of the ports, implemented on [`crate::db::Db`].

mod analytics;
mod audit;
pub(crate) mod company;
mod idempotency;
pub(crate) mod job;
pub(crate) mod prediction;
mod user;

use accunode_domain::page::{Cursor, Limit, Page};

/// A page of rows of which one more than asked was read: that one says whether there
/// is a next page.
pub(crate) fn page<T>(mut rows: Vec<T>, limit: Limit, key: impl Fn(&T) -> Cursor) -> Page<T> {
    let asked = limit.get() as usize;
    let more = rows.len() > asked;
    rows.truncate(asked);
    let next = if more { rows.last().map(key) } else { None };
    Page { rows, next }
}
