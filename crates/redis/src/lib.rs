//! Sessions, cache, rate limits and failed logins in Redis (or Valkey), shared by any
//! number of processes.
//!
//! The crate implements the same ports as `accunode-local` and passes the same contract
//! (`accunode_ports::contract`), with one server, with a master under Sentinel, and with
//! Redis Cluster ([`RedisServers`]).
//!
//! - **One round trip.** An operation that needs several steps is a script
//!   (`scripts/*.lua`), which Redis runs as a whole, so that two processes cannot exchange
//!   the same refresh token. `tests/servers/round_trips.rs` counts the commands.
//! - **One connection.** A `deadpool-redis` pool makes it; every request of the process
//!   shares its multiplexed handle ([`RedisConnection`]). A connection that is lost is
//!   replaced by the next request.
//! - **Scripts and commands are repeatable.** Each may run twice without a different
//!   outcome, because the cluster client and this crate repeat one whose answer was lost.
//! - **Keys** begin with a prefix. All keys that one script touches share a hash tag, such
//!   as `accunode:{sessions}:access:…`, so that a cluster keeps them on one node. Tokens
//!   are stored as their SHA-256, and every entry expires. The expiry in Redis only frees
//!   memory; the clock port decides whether an entry is still valid.
//!
//! To add a port: write its scripts and a module, and add its contract to
//! `tests/servers/contract.rs`.

mod cache;
mod connection;
mod error;
mod limits;
mod pool;
mod recent_writes;
mod script;
mod sessions;
mod settings;
mod throttle;

pub use cache::RedisCache;
pub use connection::RedisConnection;
pub use limits::RedisLimits;
pub use recent_writes::RedisRecentWrites;
pub use sessions::RedisSessions;
pub use settings::{InvalidServers, RedisServers, RedisSettings};
pub use throttle::RedisThrottle;
