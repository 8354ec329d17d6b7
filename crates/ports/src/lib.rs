//! The traits through which AccuNode's use cases access everything outside.
//!
//! No type of a runtime, a database or a web framework appears here, so a port can be
//! implemented by a double in a test, and by another technology later.
//!
//! [`Store`] opens a [`UnitOfWork`], which is one transaction; both hand out the repositories in
//! [`repositories`]. The other ports are [`sessions`], [`cache`], [`limits`], [`throttle`],
//! [`budgets`], [`mail`], [`files`], [`scoring`], [`health`] and the small ones in
//! [`system`]:
//!
//! ```
//! use accunode_domain::Timestamp;
//! use accunode_ports::system::Clock;
//!
//! /// A clock that shows one time.
//! struct FixedClock(Timestamp);
//!
//! impl Clock for FixedClock {
//!     fn now(&self) -> Timestamp {
//!         self.0
//!     }
//! }
//!
//! let clock: &dyn Clock = &FixedClock(Timestamp::UNIX_EPOCH);
//! assert_eq!(clock.now().unix_timestamp(), 0);
//! ```
//!
//! The feature `mock` adds a double of every port, and `contract`: the tests that every
//! implementation of a port must pass.
//!
//! To add a repository:
//! 1. Add two traits in `repositories/<entity>.rs`: the reading one takes a [`Scope`], the
//!    writing one a proof of the access rules.
//! 2. Add a method on [`Repositories`] for the reading trait, and on [`UnitOfWork`] for the
//!    writing one.
//! 3. Implement both under the same path in the postgres crate.
//! 4. Add doubles in `mock` (the feature of that name).
//!
//! [`Scope`]: accunode_domain::access::Scope

pub mod budgets;
pub mod cache;
#[cfg(feature = "mock")]
pub mod contract;
pub mod error;
pub mod files;
pub mod health;
pub mod limits;
pub mod mail;
pub mod maintenance;
pub mod meter;
#[cfg(feature = "mock")]
pub mod mock;
pub mod monitoring;
pub mod recent_writes;
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
