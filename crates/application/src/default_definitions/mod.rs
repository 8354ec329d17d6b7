//! Definitions of default: made by owners in addition to the shipped ones, and named by outcomes,
//! coverage and back-tests.

mod create;
mod read;
mod retire;
mod usable;

use std::sync::Arc;

pub use create::CreateDefinition;
pub use read::ListDefinitions;
pub(crate) use usable::{existing, usable};

use crate::Ports;

/// Definitions of default.
#[derive(Clone, Debug)]
pub struct DefaultDefinitions {
    pub(crate) ports: Arc<Ports>,
}
