//! Dashboards.

pub(crate) mod dashboard;
pub(crate) mod dto;
pub(crate) mod risk_distribution;
