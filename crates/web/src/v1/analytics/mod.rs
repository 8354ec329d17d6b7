//! Dashboards.

pub(crate) mod dashboard;
pub(crate) mod dto;
pub(crate) mod model_agreement;
pub(crate) mod risk_distribution;
pub(crate) mod trend;
