//! Bulk uploads: receiving, processing and reporting.
//!
//! [`BulkUploads::submit`] takes a file that has been received and writes a job row. A
//! worker ([`BulkUploads::work`]) claims jobs and processes each in chunks, one transaction
//! a chunk with rows, outcomes, counters and checkpoint, so that a worker that is killed
//! loses only the uncommitted chunk and no row is lost or doubled.

mod cancel;
mod continuing;
pub mod offline;
mod process;
mod read;
mod recording;
mod remove;
mod rescore;
mod rescoring;
mod retry;
mod rows;
mod run;
mod storing;
mod submit;
mod surveying;
mod sweep;
mod table;
mod template;
mod validating;
mod work;

use std::sync::{Arc, atomic::AtomicUsize};

use accunode_tasks::Tasks;

pub use read::{ListJobs, ListRows};
pub use rescore::RescorePredictions;
pub use submit::SubmitUpload;
pub use surveying::Surveying;
pub use sweep::SweptFiles;
pub use table::{Header, Table};
pub use template::{Template, TemplateColumn};

use crate::Ports;

/// Bulk uploads.
#[derive(Clone, Debug)]
pub struct BulkUploads {
    pub(crate) ports: Arc<Ports>,
    /// The number of jobs that this process is working on.
    running: Arc<AtomicUsize>,
}

impl BulkUploads {
    pub(crate) fn new(ports: Arc<Ports>) -> Self {
        Self {
            ports,
            running: Arc::default(),
        }
    }

    /// The process's tasks, for work that continues after a request.
    #[must_use]
    pub fn tasks(&self) -> &Tasks {
        &self.ports.tasks
    }
}
