//! The whole installation, for its operators.

mod monitor;
mod stats;

use std::sync::Arc;

pub use monitor::PoolFigures;
pub use stats::InstallationStats;

use crate::Ports;

/// The whole installation.
#[derive(Clone, Debug)]
pub struct Installation {
    pub(crate) ports: Arc<Ports>,
}
