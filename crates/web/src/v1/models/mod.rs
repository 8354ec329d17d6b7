//! The models that are served.

pub(crate) mod dto;
pub(crate) mod get;
pub(crate) mod list;
