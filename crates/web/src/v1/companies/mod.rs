//! Companies.

pub(crate) mod create;
pub(crate) mod dto;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod remove;
pub(crate) mod timeline;
pub(crate) mod update;
