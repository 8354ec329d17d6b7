//! `/bulk-uploads`

mod control;
mod files;
mod orphans;
mod outages;
mod outcomes;
mod real_quarters;
mod real_workbooks;
mod rows;
mod undoing;
mod visibility;
