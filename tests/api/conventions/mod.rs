//! Conventions of all endpoints.

mod bodies;
mod cors;
mod large_bodies;
mod lists;
mod overtaken;
mod repetition;
mod response_headers;
