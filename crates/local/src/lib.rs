//! Sessions, cache, limits, clock and password hashing in one process.
//!
//! What one machine needs without `accunode-redis`: the same ports, held to the same
//! contract (`accunode_ports::contract`). Everything here is gone when the
//! process ends: anyone who was signed in signs in again. Everything is bounded, so
//! that no stranger fills the memory.
//!
//! [`SystemClock`] and [`UuidV7Ids`] are the only places that ask the machine for
//! the time; [`Argon2Hasher`] serves with and without Redis.

mod cache;
mod codes;
mod hasher;
mod limits;
mod sessions;
mod system;
mod throttle;

pub use cache::LocalCache;
pub use codes::{SealingKey, TotpDevice};
pub use hasher::{Argon2Hasher, HashingSettings};
pub use limits::LocalLimits;
pub use sessions::LocalSessions;
pub use system::{AdvancedTooFar, AdvancingClock, SystemClock, SystemRandomness, UuidV7Ids};
pub use throttle::LocalThrottle;
