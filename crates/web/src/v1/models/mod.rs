//! The models that are available.

pub(crate) mod dto;
pub(crate) mod get;
pub(crate) mod list;
