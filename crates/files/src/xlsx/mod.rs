//! Workbooks (.xlsx): inspected completely, then read sheet by sheet as they are displayed.

mod arrays;
mod cell;
mod count;
mod inspect;
mod merges;
mod package;
mod raised;
mod read;
mod relations;
mod sheet;
mod shown;
mod tables;
mod tags;
#[cfg(test)]
mod tests;
mod xml;

pub(crate) use read::read;
