//! `/predictions/*` and `/models`

mod conflicts;
mod create;
mod lists;
mod models;
mod score;
mod symbols;
