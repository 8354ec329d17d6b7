//! The access rules, tested over HTTP and in SQL against `docs/access-matrix.csv` and the
//! pure policy.

mod break_glass;
mod coverage;
mod lists;
mod matrix;
mod operations;
mod random;
mod requests;
mod row_level_security;
mod setup;
mod sql_matrix;
mod table;
mod tables;
