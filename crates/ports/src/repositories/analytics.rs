//! Dashboards, from the rollups.

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
    /// How many predictions.
    pub total_predictions: i64,
    /// How many of them are High.
    pub high_risk_count: i64,
    /// How many companies have at least one that is High.
    pub high_risk_companies: i64,
    /// The mean PD, of numbers with 12 decimals; `None` where there are none.
    pub mean_pd: Option<f64>,
    /// The median, as the geometric middle of its PD bucket (640 of them, log-spaced: less than
    /// 1 % off).
    pub median_pd: Option<f64>,
    /// When the last one was stored.
    #[serde(with = "time::serde::timestamp::microseconds::option")]
    pub last_prediction: Option<Timestamp>,
}

/// By what a distribution or a trend is grouped. Sectors are those that predictions
/// keep as of scoring; industries and countries those of their companies now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub enum GroupBy {
    #[default]
    Sector,
    Industry,
    Country,
    Organization,
}

/// A group of predictions, in the order of the names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Group {
    /// A sector, or what [`GroupBy`] names: `Unknown` where there is none; `Personal`
    /// and `System` beside the organizations.
    pub name: String,
    /// Which organization, where it is one: two may have the same name.
    pub organization: Option<OrganizationId>,
}

/// How many predictions of one group have one risk level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RiskCount {
    /// The group.
    pub group: Group,
    /// The level.
    pub risk_level: RiskLevel,
    /// How many.
    pub count: i64,
}

/// Counts by group and level, groups in order.
pub type Distribution = Vec<RiskCount>;

/// How far the two models behind the quarterly ensemble stray from it, in one quarter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// The quarter.
    pub period: Period,
    /// How many predictions.
    pub count: i64,
    /// The mean of |logistic − ensemble|, of probabilities with 4 decimals.
    pub logistic_deviation: f64,
    /// The mean of |gbm − ensemble|.
    pub gbm_deviation: f64,
    /// The mean confidence.
    pub confidence: f64,
}

/// The predictions of one group for one period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrendPoint {
    /// The group; `None` where nothing is grouped.
    pub group: Option<Group>,
    /// The period.
    pub period: Period,
    /// How many predictions; at least one.
    pub count: i64,
    /// How many of them are High.
    pub high: i64,
    /// The mean PD.
    pub mean_pd: f64,
    /// The median, as the geometric middle of its PD bucket (640 of them, log-spaced: less than
    /// 1 % off).
    pub median_pd: f64,
}

/// How many predictions of one group have one grade of a scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GradeCount {
    /// The group; `None` where nothing is grouped.
    pub group: Option<Group>,
    /// The number of the grade, from 1.
    pub grade: usize,
    /// How many predictions; at least one.
    pub count: u64,
    /// The sum of their PDs, of numbers with 12 decimals.
    pub pd_sum: f64,
}

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
    /// The agreement of the models by quarter, newest first.
    async fn model_agreement(
        &self,
        scope: &Scope,
        year: Option<ReportingYear>,
    ) -> Result<Vec<Agreement>, RepositoryError>;
    /// One point for each group and period, groups in order, oldest period first;
    /// over the part `scope` of what `reader` can read.
    async fn trend(
        &self,
        reader: &Scope,
        scope: &Scope,
        kind: Kind,
        group_by: Option<GroupBy>,
    ) -> Result<Vec<TrendPoint>, RepositoryError>;
    /// Counts by group and grade of a scale, groups in order, over the part `scope` of what
    /// `reader` can read: sums of buckets where the scale lies on them.
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
