//! Dashboards, from the rollups.

use accunode_domain::{
    Timestamp,
    access::Scope,
    prediction::{Kind, ReportingYear},
    risk::RiskLevel,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::RepositoryError;

/// The headline figures of a scope, for one kind of prediction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Headline {
    /// How many predictions.
    pub total_predictions: i64,
    /// How many of them are High.
    pub high_risk_count: i64,
    /// How many companies have at least one that is High.
    pub high_risk_companies: i64,
    /// The mean of the probabilities, 4 decimals each; `None` where there are none.
    pub avg_probability: Option<f64>,
    /// The median, as the geometric middle of its PD bucket (64 of them, log-spaced).
    pub median_probability: Option<f64>,
    /// When the last one was stored.
    #[serde(with = "time::serde::timestamp::microseconds::option")]
    pub last_prediction: Option<Timestamp>,
}

/// By what a distribution is grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub enum GroupBy {
    #[default]
    Sector,
    Industry,
    Country,
    Organization,
}

/// How many predictions of one group have one risk level.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskCount {
    /// The group: a sector, or what [`GroupBy`] names.
    pub group: String,
    /// The level.
    pub risk_level: RiskLevel,
    /// How many.
    pub count: i64,
}

/// Counts by group and level, groups in order.
pub type Distribution = Vec<RiskCount>;

/// Dashboards. Every figure equals the plain query over what the scope can read.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AnalyticsRepository: Send + Sync {
    /// The headline figures.
    async fn headline(
        &self,
        scope: &Scope,
        kind: Kind,
        year: Option<ReportingYear>,
    ) -> Result<Headline, RepositoryError>;
    /// Counts by group and risk level, over the part `scope` of what `reader` can
    /// read; what a group is named after (a company's country) is looked up with all of it.
    async fn risk_distribution(
        &self,
        reader: &Scope,
        scope: &Scope,
        kind: Kind,
        year: Option<ReportingYear>,
        group_by: GroupBy,
    ) -> Result<Distribution, RepositoryError>;
}
