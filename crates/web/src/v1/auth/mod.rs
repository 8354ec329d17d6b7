//! Accounts and sessions.

pub(crate) mod dto;
pub(crate) mod join;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod refresh;
pub(crate) mod register;
pub(crate) mod step_up;
