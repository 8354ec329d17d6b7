//! Figures of a process for Prometheus.
//!
//! [`Metrics`] holds what is counted and timed while the process works. Most of it is counted by
//! ports that stand in front of others ([`measured`]), so that neither the use cases nor the
//! adapters know of it; what they alone know they tell the `Meter` port. What is better looked at
//! than counted, such as connections and jobs, is a [`Snapshot`] that is taken for each scrape.
//!
//! Label values are names of this program (operations, pools, kinds of work) and never of
//! users, tenants, companies or rows: [`labels`] has every label there is, and none of them is
//! free text. To add a figure: a field of [`Metrics`] and its line in [`Metrics::new`], or of
//! [`Snapshot`]; its line in `docs/operations.md`.

pub mod labels;
pub mod measured;
mod metrics;
mod snapshot;

pub use metrics::{Metrics, NAMES};
pub use snapshot::{Snapshot, WorkOfKind};
