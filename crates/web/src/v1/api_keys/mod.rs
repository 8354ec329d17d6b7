//! API keys.

pub(crate) mod create;
pub(crate) mod dto;
pub(crate) mod list;
pub(crate) mod revoke;
pub(crate) mod rotate;
