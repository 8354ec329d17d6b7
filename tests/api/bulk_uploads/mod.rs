//! `/bulk-uploads`

mod control;
mod files;
mod outcomes;
mod real_quarters;
mod real_workbooks;
mod rows;
mod undoing;
mod visibility;
