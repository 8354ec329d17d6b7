//! `/predictions/*` and `/models`

mod batch;
mod conflicts;
mod create;
mod lists;
mod models;
mod reproduce;
mod revisions;
mod score;
mod symbols;
mod update;
