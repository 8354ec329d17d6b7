//! `/bulk-uploads`

mod control;
mod files;
mod of_outcomes;
mod orphans;
mod outages;
mod outcomes;
mod real_quarters;
mod real_workbooks;
mod rows;
mod undoing;
mod visibility;
