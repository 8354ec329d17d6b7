//! What AccuNode's use cases need from outside, as traits.
//!
//! No runtime, database or web type appears here, so every port can be served
//! by a double in a test and by another technology tomorrow.
//!
//! Where to start: [`Store`] opens a [`UnitOfWork`]; both hand out the
//! repositories in [`repositories`]. Beside them stand [`sessions`], [`cache`],
//! [`limits`], [`throttle`], [`budgets`], [`mail`], [`files`], [`scoring`], [`jobs`], [`health`]
//! and the small ones in [`system`].
//!
//! To add a repository:
//! 1. two traits in `repositories/<entity>.rs`: what reads takes a [`Scope`], what writes a
//!    proof of the access rules;
//! 2. a method on [`Repositories`](repositories::Repositories) for the one that reads, on
//!    [`UnitOfWork`] for the one that writes;
//! 3. its adapter under the same path in the postgres crate;
//! 4. its double in `mock` (the feature of that name).
//!
//! [`Scope`]: accunode_domain::access::Scope

pub mod budgets;
pub mod cache;
#[cfg(feature = "mock")]
pub mod contract;
pub mod error;
pub mod files;
pub mod health;
pub mod jobs;
pub mod limits;
pub mod mail;
#[cfg(feature = "mock")]
pub mod mock;
pub mod repositories;
pub mod scoring;
pub mod second_factor;
pub mod sessions;
pub mod slots;
pub mod system;
pub mod throttle;
pub mod workload;

pub use error::{Conflict, Contention, Outage, PortError, RepositoryError};
pub use repositories::{Repositories, Store, UnitOfWork};
