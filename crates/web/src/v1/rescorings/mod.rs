//! Rescorings: predictions that are there, scored by another model. They are jobs like
//! uploads, and are followed, cancelled and removed as such.

pub(crate) mod create;
pub(crate) mod get;
