//! Back-tests: predictions against what happened.

mod sample_file;

pub use sample_file::{SAMPLE_COLUMNS, SampleFile};
