//! Conventions of all endpoints.

mod bodies;
mod cors;
mod envelope;
mod lists;
mod overtaken;
mod repetition;
