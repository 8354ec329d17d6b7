//! Invitations into organizations.

pub(crate) mod accept;
pub(crate) mod dto;
pub(crate) mod invite;
pub(crate) mod list;
pub(crate) mod withdraw;
