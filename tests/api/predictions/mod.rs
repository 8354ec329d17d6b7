//! `/predictions/*` and `/models`

mod batch;
mod conflicts;
mod create;
mod lists;
mod models;
mod score;
mod symbols;
mod update;
