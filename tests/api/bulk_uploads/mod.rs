//! `/bulk-uploads`

mod control;
mod files;
mod orphans;
mod outcomes;
mod real_quarters;
mod real_workbooks;
mod rows;
mod undoing;
mod visibility;
