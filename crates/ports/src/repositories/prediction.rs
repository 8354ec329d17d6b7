//! Predictions, annual and quarterly by the same calls.

use accunode_domain::{
    Timestamp,
    access::{Grant, Scope},
    company::Symbol,
    id::{CompanyId, JobId, PredictionId},
    page::{Cursor, Limit, Page, Sort},
    prediction::{Kind, Period, Prediction, Quarter, ReportingYear, Revision},
    risk::RiskLevel,
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
    pub risk_level: Option<RiskLevel>,
    /// On the PD in full precision.
    pub probability_gte: Option<f64>,
    pub probability_lte: Option<f64>,
    pub model_version: Option<String>,
    pub job: Option<JobId>,
    pub created_from: Option<Timestamp>,
    pub created_to: Option<Timestamp>,
}

/// Predictions: tenant rows.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PredictionRepository: Send + Sync {
    /// Stores a prediction. Its owner is the grant's.
    ///
    /// # Errors
    /// `Conflict` on `unique_annual_prediction` or `unique_quarterly_prediction`,
    /// or on `prediction_organization_consistency` (I4).
    async fn add(&self, grant: Grant, prediction: &Prediction) -> Result<(), RepositoryError>;
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
    /// Takes the place of the stored one with its id, if that still has `version`:
    /// ratios, outcome and owner.
    ///
    /// # Errors
    /// `Stale`; `Conflict` as for [`Self::add`].
    async fn replace(
        &self,
        grant: Grant,
        prediction: &Prediction,
        version: i64,
    ) -> Result<(), RepositoryError>;
    /// Removes it, if its version still is `version`.
    ///
    /// # Errors
    /// `Stale`.
    async fn remove(
        &self,
        grant: Grant,
        kind: Kind,
        id: PredictionId,
        version: i64,
    ) -> Result<(), RepositoryError>;
}
