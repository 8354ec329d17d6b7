//! Organizations and tenants.

pub(crate) mod allowed_emails;
pub(crate) mod create;
pub(crate) mod dto;
pub(crate) mod get;
pub(crate) mod join_token;
pub(crate) mod list;
pub(crate) mod remove;
pub(crate) mod stats;
pub(crate) mod update;
