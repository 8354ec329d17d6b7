//! Accounts and sessions.

pub(crate) mod dto;
pub(crate) mod forgot_password;
pub(crate) mod join;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod mfa;
pub(crate) mod refresh;
pub(crate) mod register;
pub(crate) mod reset_password;
pub(crate) mod step_up;
pub(crate) mod verify_email;
