//! The rules of AccuNode, pure: no runtime, no database, no clock.
//!
//! Start with [`owner::Owner`] (whose a row is), [`access::Actor`] (who asks, and
//! what he may do), [`ratio`] (what the inputs mean) and [`risk`] (what the
//! numbers mean). Every other crate depends on this one; this one depends on
//! none of them and on nothing that does input or output.
//!
//! To add an entity: a module here with the entity and its rules, its repository
//! in the ports crate under the same path, its adapter in the postgres crate
//! under the same path again.

pub mod access;
pub mod audit;
pub mod company;
pub mod fault;
pub mod id;
pub mod idempotency;
pub mod job;
pub mod organization;
pub mod owner;
pub mod page;
pub mod prediction;
pub mod ratio;
pub mod risk;
pub mod session;
pub mod user;

pub use time::OffsetDateTime as Timestamp;
