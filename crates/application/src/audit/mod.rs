//! The audit log: who saw and changed what.

mod get;
mod list;

use std::sync::Arc;

pub use list::ListEvents;

use crate::Ports;

/// The audit log.
#[derive(Clone, Debug)]
pub struct Audit {
    pub(crate) ports: Arc<Ports>,
}
