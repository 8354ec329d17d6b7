//! Sessions, cache, limits, clock and password hashing in one process.
//!
//! The ports for one machine without `accunode-redis`: they pass the same contract
//! (`accunode_ports::contract`). Everything here is lost when the process ends: users must sign in
//! again. Everything is limited, so that clients cannot fill the memory.
//!
//! [`SystemClock`] and [`UuidV7Ids`] are the only places that read the machine's clock;
//! [`Argon2Hasher`] is used with and without Redis.

mod cache;
mod codes;
mod hasher;
mod limits;
mod recent_writes;
mod sessions;
mod system;
mod throttle;

pub use cache::LocalCache;
pub use codes::{SealingKey, TotpDevice};
pub use hasher::{Argon2Hasher, HashingSettings};
pub use limits::LocalLimits;
pub use recent_writes::LocalRecentWrites;
pub use sessions::LocalSessions;
pub use system::{AdvancedTooFar, AdvancingClock, SystemClock, SystemRandomness, UuidV7Ids};
pub use throttle::LocalThrottle;
