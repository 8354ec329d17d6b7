//! Predictions; the same methods serve annual and quarterly ones.

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

/// The filters of a list of predictions, in addition to its scope.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names are those of the columns")]
pub struct PredictionFilter {
    pub company: Option<CompanyId>,
    pub symbol: Option<Symbol>,
    pub sector: Option<String>,
    pub year: Option<ReportingYear>,
    pub quarter: Option<Quarter>,
    /// Any of these risk levels; empty for all.
    pub risk_levels: Vec<RiskLevel>,
    /// Compared with the PD in full precision.
    pub pd_gte: Option<f64>,
    pub pd_lte: Option<f64>,
    /// Any of these ranges, which are in order; empty for all.
    pub pd_ranges: Vec<PdRange>,
    pub model_version: Option<String>,
    pub job: Option<JobId>,
    pub created_from: Option<Timestamp>,
    pub created_to: Option<Timestamp>,
    /// Only predictions changed at this time or later.
    pub updated_from: Option<Timestamp>,
    /// Only predictions changed at this time or earlier.
    pub updated_to: Option<Timestamp>,
    /// Only predictions last changed by this job; such a list is in the order of changes.
    pub changed_by_job: Option<JobId>,
}

/// The filters of a company's timeline, in addition to its scope. A period without a quarter means
/// the whole year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimelineFilter {
    /// Only predictions of this kind.
    pub kind: Option<Kind>,
    /// Only this period and later ones.
    pub from: Option<Period>,
    /// Only this period and earlier ones.
    pub to: Option<Period>,
}

/// A position on a timeline. The annual period follows the quarters of its year, since its
/// statement is made at the end of the year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineMark {
    /// The period.
    pub period: Period,
    /// Distinguishes predictions of several owners for one period.
    pub id: PredictionId,
}

/// A page of a timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// The predictions, oldest period first.
    pub predictions: Vec<Prediction>,
    /// The start of the next page; `None` at the end.
    pub next: Option<TimelineMark>,
}

/// Reads predictions: tenant rows, restricted by the scope.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PredictionRepository: Send + Sync {
    /// Returns the prediction of this owner for a company and period.
    async fn of_period(
        &self,
        grant: Grant,
        company: CompanyId,
        period: Period,
    ) -> Result<Option<Prediction>, RepositoryError>;
    /// Returns the prediction with this id.
    async fn find(
        &self,
        scope: &Scope,
        kind: Kind,
        id: PredictionId,
    ) -> Result<Option<Prediction>, RepositoryError>;
    /// Returns former values of the prediction, newest first, at most `limit`; none if the
    /// prediction cannot be read. `after` is the version of the last revision that the caller has
    /// seen.
    async fn revisions(
        &self,
        scope: &Scope,
        kind: Kind,
        id: PredictionId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Revision>, RepositoryError>;
    /// Returns a page.
    async fn list(
        &self,
        scope: &Scope,
        kind: Kind,
        filter: &PredictionFilter,
        sort: Sort,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<Prediction>, RepositoryError>;
    /// Counts all rows of a list, up to `most`.
    async fn count(
        &self,
        scope: &Scope,
        kind: Kind,
        filter: &PredictionFilter,
        most: u32,
    ) -> Result<u32, RepositoryError>;
    /// Returns the predictions of a company, of both kinds, oldest period first.
    async fn timeline(
        &self,
        scope: &Scope,
        company: CompanyId,
        filter: &TimelineFilter,
        limit: Limit,
        after: Option<TimelineMark>,
    ) -> Result<Timeline, RepositoryError>;
}

/// Changes predictions. Each change takes a grant: whose rows may be changed, and by whom.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PredictionWriter: Send + Sync {
    /// Stores a prediction for the owner of the grant. Returns its `updated_at`, which the storage
    /// sets because lists in the order of changes depend on it.
    ///
    /// # Errors
    /// `Conflict` on `unique_annual_prediction` or `unique_quarterly_prediction`, or on
    /// `prediction_organization_consistency` (I4).
    async fn add(
        &self,
        grant: Grant,
        prediction: &Prediction,
    ) -> Result<Timestamp, RepositoryError>;
    /// Replaces the prediction of [`Grant::from`] with the same id, if its version is still
    /// `version`: its ratios, its outcome and its owner, which becomes [`Grant::owner`].
    ///
    /// # Errors
    /// `Stale`, also for a prediction of another owner; `Conflict` as for [`Self::add`].
    async fn replace(
        &self,
        grant: Grant,
        prediction: &Prediction,
        version: i64,
    ) -> Result<(), RepositoryError>;
    /// Removes a prediction of the grant's owner, if its version is still `version`.
    ///
    /// # Errors
    /// `Stale`, also for a prediction of another owner.
    async fn remove(
        &self,
        grant: Grant,
        kind: Kind,
        id: PredictionId,
        version: i64,
    ) -> Result<(), RepositoryError>;
}
