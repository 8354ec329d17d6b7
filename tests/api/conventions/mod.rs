//! Conventions of all endpoints.

mod bodies;
mod cors;
mod lists;
mod overtaken;
mod repetition;
mod response_headers;
