//! Metrics of a process for Prometheus.
//!
//! [`Metrics`] contains what is counted and timed while the process works. Most of it is counted
//! by ports that wrap others ([`measured`]), so that neither the use cases nor the adapters know
//! of it; what only they know they report to the `Meter` port. Values that are better read than
//! counted, such as connections and jobs, are in a [`Snapshot`] that is taken for each scrape.
//!
//! Label values are names of this program (operations, pools, kinds of work) and never of users,
//! tenants, companies or rows: [`labels`] contains every label, and none of them is free text. To
//! add a metric: a field of [`Metrics`] and its line in [`Metrics::new`], or of [`Snapshot`]; its
//! line in `docs/operations.md`.

pub mod labels;
pub mod measured;
mod metrics;
mod snapshot;

pub use metrics::{Metrics, NAMES};
pub use snapshot::{Snapshot, WorkOfKind};
