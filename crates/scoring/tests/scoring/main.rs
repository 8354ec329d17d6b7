//! The shipped models and broken copies of them, through the port that other crates use.

#![expect(
    clippy::unwrap_used,
    reason = "what cannot be set up has failed the test"
)]

mod kit;
mod own_models;
mod properties;
mod refusals;
mod shipped;
mod target;
mod trained;
mod training;
mod training_bins;
mod versions;
