//! The installation, for those who operate it.

pub(crate) mod dto;
pub(crate) mod stats;
