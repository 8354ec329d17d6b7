//! People.

pub(crate) mod approvals;
pub(crate) mod dto;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod mfa;
pub(crate) mod password_reset;
pub(crate) mod remove;
pub(crate) mod sessions;
pub(crate) mod set_role;
pub(crate) mod update;
