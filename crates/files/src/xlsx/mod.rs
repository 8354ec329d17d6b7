//! Workbooks (.xlsx): looked through whole, then the first visible sheet is read.

mod inspect;
mod read;
mod relations;
mod tags;

pub(crate) use read::read;
