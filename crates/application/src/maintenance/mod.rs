//! Maintenance of the database, done when it is due or when an operator requests it.
//!
//! One node at a time runs a task; the row of the run decides which one, and also stores what
//! was done. Nothing here drops a month of the audit log: only a command does.

mod archive;
mod carry_out;
mod monitoring;
mod runs;

use std::sync::Arc;

use crate::Ports;

/// Maintenance.
#[derive(Clone, Debug)]
pub struct MaintenanceRuns {
    pub(crate) ports: Arc<Ports>,
}
