//! The tasks of a process that run beside its requests.
//!
//! - [`Tasks::vital`]: a task that must not end before it is asked to. If it ends, also by
//!   a panic, [`Tasks::lost`] reports it, and the process ends.
//! - [`Tasks::background`]: work that a response leaves behind, such as a mail. It
//!   continues when the client has disconnected, and [`Tasks::finish`] waits for it.
//! - [`RuntimeBound`]: a future that is polled by another runtime (a web worker's) and whose
//!   connections, timers and tasks belong to the process's own runtime.
//! - [`compute()`]: work that keeps a processor busy for milliseconds, on a thread that may block,
//!   in its turn: one processor is left to the others.
//!
//! **Invariant:** nothing else spawns tasks. Clippy refuses `tokio::spawn` and its
//! relatives, so that no task can be started without being watched or waited for; the few
//! exceptions give their reason.

mod compute;
mod runtime_bound;
mod tasks;

pub use compute::{ComputeTurn, compute};
pub use runtime_bound::RuntimeBound;
pub use tasks::{Lost, Stop, Tasks};
