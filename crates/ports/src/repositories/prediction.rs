//! Predictions, annual and quarterly by the same calls.

use accunode_domain::{
    Timestamp,
    access::{Grant, Scope},
    company::Symbol,
    id::{CompanyId, JobId, PredictionId},
    page::{Cursor, Limit, Page, Sort},
    prediction::{Kind, Period, Prediction, Quarter, ReportingYear, Revision},
    risk::RiskLevel,
    validation::PdRange,
};
use async_trait::async_trait;

use crate::RepositoryError;

/// What a list of predictions is narrowed to, beside its scope.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub struct PredictionFilter {
    pub company: Option<CompanyId>,
    pub symbol: Option<Symbol>,
    pub sector: Option<String>,
    pub year: Option<ReportingYear>,
    pub quarter: Option<Quarter>,
    /// Any of these; all where there is none.
    pub risk_levels: Vec<RiskLevel>,
    /// On the PD in full precision.
    pub pd_gte: Option<f64>,
    pub pd_lte: Option<f64>,
    /// Within any of these, which are in order; all where there is none.
    pub pd_ranges: Vec<PdRange>,
    pub model_version: Option<String>,
    pub job: Option<JobId>,
    pub created_from: Option<Timestamp>,
    pub created_to: Option<Timestamp>,
    /// Changed at this time or later.
    pub updated_from: Option<Timestamp>,
    /// Changed at this time or earlier.
    pub updated_to: Option<Timestamp>,
    /// Changed last by this job; such a list is in the order of changes.
    pub changed_by_job: Option<JobId>,
}

/// What a company's timeline is narrowed to, beside its scope. A period without a
/// quarter stands for the whole year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimelineFilter {
    /// Of this kind only.
    pub kind: Option<Kind>,
    /// For this period and later ones.
    pub from: Option<Period>,
    /// For this period and earlier ones.
    pub to: Option<Period>,
}

/// A place on a timeline: a year's own statement comes after its quarters, as it is
/// made at the year's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineMark {
    /// The period.
    pub period: Period,
    /// Tells apart what there is for one period: for several owners.
    pub id: PredictionId,
}

/// A part of a timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// Oldest period first.
    pub predictions: Vec<Prediction>,
    /// Where the next part begins; `None` at the end.
    pub next: Option<TimelineMark>,
}

/// Reads predictions: tenant rows, of which the scope says which there are.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PredictionRepository: Send + Sync {
    /// The one of this owner for a company and period.
    async fn of_period(
        &self,
        grant: Grant,
        company: CompanyId,
        period: Period,
    ) -> Result<Option<Prediction>, RepositoryError>;
    /// By id.
    async fn find(
        &self,
        scope: &Scope,
        kind: Kind,
        id: PredictionId,
    ) -> Result<Option<Prediction>, RepositoryError>;
    /// What it said before, newest first, at most `limit`: nothing where the prediction
    /// cannot be read. `after` is the version of the last one seen.
    async fn revisions(
        &self,
        scope: &Scope,
        kind: Kind,
        id: PredictionId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Revision>, RepositoryError>;
    /// A page.
    async fn list(
        &self,
        scope: &Scope,
        kind: Kind,
        filter: &PredictionFilter,
        sort: Sort,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Prediction>, RepositoryError>;
    /// How many rows a list has in all, and no more than `most`.
    async fn count(
        &self,
        scope: &Scope,
        kind: Kind,
        filter: &PredictionFilter,
        most: u32,
    ) -> Result<u32, RepositoryError>;
    /// What there is for a company, of both kinds, oldest period first.
    async fn timeline(
        &self,
        scope: &Scope,
        company: CompanyId,
        filter: &TimelineFilter,
        limit: Limit,
        after: Option<TimelineMark>,
    ) -> Result<Timeline, RepositoryError>;
}

/// Changes predictions, each under a grant: whose rows may be changed, and who changes them.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PredictionWriter: Send + Sync {
    /// Stores a prediction. Its owner is the grant's. Answers its `updated_at`, which the
    /// storage sets: rows are followed by it.
    ///
    /// # Errors
    /// `Conflict` on `unique_annual_prediction` or `unique_quarterly_prediction`,
    /// or on `prediction_organization_consistency` (I4).
    async fn add(
        &self,
        grant: Grant,
        prediction: &Prediction,
    ) -> Result<Timestamp, RepositoryError>;
    /// Takes the place of the prediction of [`Grant::from`] with its id, if that still has
    /// `version`: ratios, outcome and owner, which is [`Grant::owner`] afterwards.
    ///
    /// # Errors
    /// `Stale`, also where it is a prediction of another owner; `Conflict` as for
    /// [`Self::add`].
    async fn replace(
        &self,
        grant: Grant,
        prediction: &Prediction,
        version: i64,
    ) -> Result<(), RepositoryError>;
    /// Removes a prediction of the grant's owner, if its version still is `version`.
    ///
    /// # Errors
    /// `Stale`, also where it is a prediction of another owner.
    async fn remove(
        &self,
        grant: Grant,
        kind: Kind,
        id: PredictionId,
        version: i64,
    ) -> Result<(), RepositoryError>;
}
