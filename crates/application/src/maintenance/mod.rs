//! What keeps the database in shape: done when it is due, or when an operator asks for it.
//!
//! One node at a time does a task; which one is decided by the row of the run, which also keeps
//! what was done. Nothing here drops a month of the audit log: that is a command's alone.

mod archive;
mod carry_out;
mod runs;

use std::sync::Arc;

use crate::Ports;

/// Maintenance.
#[derive(Clone, Debug)]
pub struct MaintenanceRuns {
    pub(crate) ports: Arc<Ports>,
}
