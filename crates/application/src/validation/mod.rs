//! Back-tests: comparisons of predictions with outcomes, requested, read and signed off. The
//! worker makes their reports ([`crate::bulk_uploads`]), because they are jobs.

mod ask;
mod files;
mod parts;
mod read;
mod sample_file;
mod sign_off;
mod transitions;

use std::sync::Arc;

pub use ask::AskBacktest;
pub(crate) use ask::empty_sample;
pub use parts::Parts;
pub use read::ListValidations;
pub use sample_file::{SAMPLE_COLUMNS, SampleFile};
pub use sign_off::SignOffReport;
pub use transitions::{TransitionsQuery, TransitionsResult};

use crate::Ports;

/// Back-tests.
#[derive(Clone, Debug)]
pub struct Validations {
    pub(crate) ports: Arc<Ports>,
}
