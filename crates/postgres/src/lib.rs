//! AccuNode's storage in PostgreSQL: the repositories of the ports, the unit of
//! work, and the queue of bulk uploads.
//!
//! May depend on the domain and the ports, never on the application or the web.
//! Start with [`PgStore`]; then `scope` (a scope as SQL, in one place), `unit_of_work`
//! (transactions, begun in one place) and `db` (where statements run).
//!
//! To add a repository: its trait stands in the ports; implement it for `Db` in
//! `repositories/<entity>.rs`, reads as one statement made by `scope::Reach`, and hand
//! it out in [`store`] and `unit_of_work`.

mod actor;
mod bulk;
mod cleanup;
mod db;
mod entities;
mod errors;
mod keyset;
mod kinds;
mod listener;
mod maintenance;
pub mod outage;
mod pool;
mod pools;
mod queue;
mod repositories;
mod row;
mod scope;
pub mod store;
mod unit_of_work;

pub use cleanup::CleanedUp;
pub use pool::PoolSettings;
pub use pools::{PoolKind, PoolSizes};
pub use queue::{PgJobQueue, QueueSettings};
pub use store::PgStore;
