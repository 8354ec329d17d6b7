//! What holds for every endpoint.

mod bodies;
mod envelope;
mod lists;
mod overtaken;
mod repetition;
