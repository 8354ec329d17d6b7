//! What holds for every endpoint.

mod bodies;
mod cors;
mod envelope;
mod lists;
mod overtaken;
mod repetition;
