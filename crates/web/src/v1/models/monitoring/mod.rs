//! Monitoring of a model: its inputs and its score against a baseline.

mod dto;
mod report;
mod snapshots;

use accunode_domain::prediction::Period;
pub(super) use report::{__path_monitoring, monitoring};
pub(super) use snapshots::{__path_snapshots, snapshots};

/// The longest version of a model.
const LONGEST_VERSION: usize = 40;

/// A period as parameters have it: `2024`, `2024-Q3`.
fn period_text(period: Period) -> String {
    match period.quarter {
        Some(quarter) => format!("{}-{quarter}", period.year),
        None => period.year.to_string(),
    }
}
