//! What goes on in a process beside its requests.
//!
//! - [`Tasks::vital`]: a task that must not end before it is told to. Its end, also by a
//!   panic, is reported by [`Tasks::lost`], and the process ends with it.
//! - [`Tasks::background`]: work that an answer leaves behind, such as a mail. It runs on
//!   when the client is gone, and [`Tasks::finish`] waits for it.
//! - [`AtHome`]: a future that is polled by another runtime (a web worker's) and whose
//!   connections, timers and tasks belong to the process's own runtime.
//!
//! **Invariant:** nothing else spawns. Clippy refuses `tokio::spawn` and its relatives,
//! so a task cannot be started that no one watches or waits for; the few exceptions say
//! why at their place.

mod home;
mod tasks;

pub use home::AtHome;
pub use tasks::{Lost, Stop, Tasks};
