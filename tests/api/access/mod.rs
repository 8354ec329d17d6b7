//! Who may do what, proved over HTTP and in SQL against `docs/access-matrix.csv` and
//! the pure policy.

mod break_glass;
mod lists;
mod matrix;
mod requests;
mod row_level_security;
mod stage;
mod table;
