//! Sessions, cache and limits in Redis (or Valkey), shared by any number of processes.
//!
//! The same ports as `accunode-local`, held to the same contract
//! (`accunode_ports::contract`). Every operation is one round trip: what needs
//! several steps is a script (`scripts/*.lua`), which Redis runs as a whole, so that
//! no two processes ever exchange the same refresh token. One connection carries the
//! requests of the whole process, one behind the other without waiting
//! ([`RedisConnection`]).
//!
//! What is kept: keys begin with a prefix, tokens are their SHA-256, and every entry
//! expires by itself. The expiry in Redis frees memory; whether something is still
//! good is decided by the clock port against the entry's own times.
//!
//! One server, with replicas and failover if you like; scripts touch several keys, so
//! Redis Cluster is not supported.
//!
//! To add a port: its scripts, a module, its contract in `tests/contract.rs`.

mod cache;
mod connection;
mod limits;
mod sessions;
mod throttle;

pub use cache::RedisCache;
pub use connection::{RedisConnection, RedisSettings};
pub use limits::RedisLimits;
pub use sessions::RedisSessions;
pub use throttle::RedisThrottle;
