//! The audit log.

pub(crate) mod dto;
pub(crate) mod get;
pub(crate) mod list;
