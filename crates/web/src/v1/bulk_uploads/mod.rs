//! Bulk uploads.

pub(crate) mod cancel;
pub(crate) mod dto;
pub(crate) mod events;
mod form;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod remove;
pub(crate) mod retry;
pub(crate) mod rows;
pub(crate) mod submit;
pub(crate) mod template;
