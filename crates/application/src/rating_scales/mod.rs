//! Master scales: made by owners in addition to the shipped one, and named by figures and
//! back-tests.

mod create;
mod read;

use std::sync::Arc;

pub use create::CreateScale;
pub use read::ListScales;
pub(crate) use read::named;

use crate::Ports;

/// Master scales.
#[derive(Clone, Debug)]
pub struct RatingScales {
    pub(crate) ports: Arc<Ports>,
}
