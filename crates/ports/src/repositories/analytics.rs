//! Dashboards, computed from the rollups.

use accunode_domain::{
    Timestamp,
    access::Scope,
    id::OrganizationId,
    prediction::{Kind, Period, ReportingYear},
    risk::RiskLevel,
    validation::MasterScale,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::RepositoryError;

/// The headline figures of a scope, for one kind of prediction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Headline {
    /// The number of predictions.
    pub total_predictions: i64,
    /// The number of predictions with the level High.
    pub high_risk_count: i64,
    /// The number of companies with at least one prediction of the level High.
    pub high_risk_companies: i64,
    /// The mean PD, from values with 12 decimals; `None` without predictions.
    pub mean_pd: Option<f64>,
    /// The median PD, as the geometric middle of its PD bucket (640 buckets, evenly spaced on the
    /// logarithm), with an error below 1 %.
    pub median_pd: Option<f64>,
    /// The time at which the last prediction was stored.
    #[serde(with = "time::serde::timestamp::microseconds::option")]
    pub last_prediction: Option<Timestamp>,
}

/// The grouping of a distribution or a trend. Sectors are those that predictions kept when they
/// were scored; industries and countries are those that companies have now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub enum GroupBy {
    #[default]
    Sector,
    Industry,
    Country,
    Organization,
}

/// A group of predictions. Groups are ordered by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Group {
    /// A sector, or the value that [`GroupBy`] names; `Unknown` if there is none; `Personal` and
    /// `System` in addition to the organizations.
    pub name: String,
    /// The organization, if the group is one: two organizations may have the same name.
    pub organization: Option<OrganizationId>,
}

/// The number of predictions of one group with one risk level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RiskCount {
    /// The group.
    pub group: Group,
    /// The risk level.
    pub risk_level: RiskLevel,
    /// The number of predictions.
    pub count: i64,
}

/// Counts by group and risk level, ordered by group.
pub type Distribution = Vec<RiskCount>;

/// How far the two models behind the quarterly ensemble deviate from it, in one quarter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// The quarter.
    pub period: Period,
    /// The number of predictions.
    pub count: i64,
    /// The mean of |logistic − ensemble|, from probabilities with 4 decimals.
    pub logistic_deviation: f64,
    /// The mean of |gbm − ensemble|, from probabilities with 4 decimals.
    pub gbm_deviation: f64,
    /// The mean confidence.
    pub confidence: f64,
}

/// The predictions of one group for one period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrendPoint {
    /// The group; `None` without grouping.
    pub group: Option<Group>,
    /// The period.
    pub period: Period,
    /// The number of predictions; at least one.
    pub count: i64,
    /// The number of predictions with the level High.
    pub high: i64,
    /// The mean PD.
    pub mean_pd: f64,
    /// The median PD, as the geometric middle of its PD bucket (640 buckets, evenly spaced on the
    /// logarithm), with an error below 1 %.
    pub median_pd: f64,
}

/// The number of predictions of one group with one grade of a scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GradeCount {
    /// The group; `None` without grouping.
    pub group: Option<Group>,
    /// The number of the grade, from 1.
    pub grade: usize,
    /// The number of predictions; at least one.
    pub count: u64,
    /// The sum of their PDs, from values with 12 decimals.
    pub pd_sum: f64,
}

/// Reads dashboards. Every figure equals the plain query over the rows that the scope can read.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AnalyticsRepository: Send + Sync {
    /// Returns the headline figures.
    async fn headline(
        &self,
        scope: &Scope,
        kind: Kind,
        year: Option<ReportingYear>,
    ) -> Result<Headline, RepositoryError>;
    /// Returns counts by group and risk level, over the part `scope` of the rows that `reader` can
    /// read. The names of groups (such as a company's country) are looked up with the rights of
    /// `reader`.
    async fn risk_distribution(
        &self,
        reader: &Scope,
        scope: &Scope,
        kind: Kind,
        year: Option<ReportingYear>,
        group_by: GroupBy,
    ) -> Result<Distribution, RepositoryError>;
    /// Returns the agreement of the models by quarter, newest first.
    async fn model_agreement(
        &self,
        scope: &Scope,
        year: Option<ReportingYear>,
    ) -> Result<Vec<Agreement>, RepositoryError>;
    /// Returns one point for each group and period, over the part `scope` of the rows that `reader`
    /// can read. Points are ordered by group, then oldest period first.
    async fn trend(
        &self,
        reader: &Scope,
        scope: &Scope,
        kind: Kind,
        group_by: Option<GroupBy>,
    ) -> Result<Vec<TrendPoint>, RepositoryError>;
    /// Returns counts by group and grade of a scale, over the part `scope` of the rows that
    /// `reader` can read, ordered by group. If the grades of the scale align with the buckets, the
    /// counts are sums of buckets.
    async fn grades(
        &self,
        reader: &Scope,
        scope: &Scope,
        kind: Kind,
        year: Option<ReportingYear>,
        group_by: Option<GroupBy>,
        scale: &MasterScale,
    ) -> Result<Vec<GradeCount>, RepositoryError>;
}
