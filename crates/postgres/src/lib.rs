//! AccuNode's storage in PostgreSQL: the repositories of the ports, the unit of
//! work, and the queue of bulk uploads.
//!
//! May depend on the domain and the ports, never on the application or the web.
//! Start with [`PgStore`]; then `tenant` (how rows that have owners are read and written, and a
//! scope as SQL, in one place), `page` (lists), `unit_of_work` (transactions, begun in one place)
//! and `db` (where statements run).
//!
//! To add a repository: its traits are in the ports, one for reading and one for writing. Its
//! table is an entity in `entities/`. A struct over an `Executor` in `repositories/<entity>.rs`
//! implements the first for every executor, and the second for a transaction alone; hand it out
//! in `repositories::PgRepositories` and `unit_of_work`.

mod actor;
mod bulk;
mod changes;
mod cleanup;
mod columns;
mod constraints;
mod db;
mod doubt;
mod entities;
mod errors;
mod instance_lock;
mod keyset;
mod kinds;
mod listener;
pub mod maintenance;
mod monitoring;
pub mod outage;
mod page;
mod pool;
mod pools;
mod queue;
mod replica;
mod repositories;
mod row;
mod scalar;
pub mod session;
mod shared_read;
mod sql;
pub mod store;
mod tenant;
mod unit_of_work;
mod upkeep;

pub use cleanup::CleanedUp;
pub use constraints::named_constraints;
pub use entities::{DeclaredColumn, DeclaredTable, declared_tables};
pub use instance_lock::InstanceLock;
pub use pool::PoolSettings;
pub use pools::{PoolKind, PoolSizes};
pub use queue::{PgJobQueue, QueueSettings};
pub use replica::ReplicaFault;
pub use store::PgStore;
pub use upkeep::{PgMaintenance, VerifiedMonth, drop_month};
