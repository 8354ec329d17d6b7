//! Conventions of all endpoints.

mod bodies;
mod cors;
mod large_bodies;
mod lists;
mod long_responses;
mod overtaken;
mod repetition;
mod response_headers;
