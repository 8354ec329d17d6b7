//! Use cases of companies.

mod create;
mod get;
mod list;
mod remove;
mod share;
mod timeline;
mod update;

use std::sync::Arc;

pub use create::CreateCompany;
pub use list::ListCompanies;
pub use share::MovedWithCompany;
pub use timeline::TimelineQuery;
pub use update::{UpdateCompany, UpdatedCompany};

use crate::Ports;

/// The use cases of companies.
#[derive(Clone, Debug)]
pub struct Companies {
    pub(crate) ports: Arc<Ports>,
}
