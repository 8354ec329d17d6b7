//! The audit log: who read and changed what.

mod denied;
mod get;
mod list;

use std::sync::Arc;

pub use denied::{DENIALS_APART, Denied};
pub use list::ListEvents;

use crate::Ports;

/// The audit log.
#[derive(Clone, Debug)]
pub struct AuditLog {
    pub(crate) ports: Arc<Ports>,
}
