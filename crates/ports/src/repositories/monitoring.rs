//! Monitoring: stored predictions of one model, counted by bins, and snapshots of the counts.

use accunode_domain::{
    access::Scope,
    page::{Cursor, Limit, Page},
    prediction::{Kind, Period},
    risk::ModelRef,
    validation::{BinEdges, MonitoringSnapshot, Mover, PeriodCounts, Stability},
};
use async_trait::async_trait;

use crate::RepositoryError;

/// Which predictions are counted: those that stand now, so that a company has one of a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModelPredictions<'a> {
    /// Annual or quarterly predictions.
    pub kind: Kind,
    /// The model that made them: name, version and hash.
    pub model: &'a ModelRef,
}

/// The last values of the bins of a period: deciles, fewer where values repeat.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PeriodCuts {
    /// Of each ratio between its bounds, in the order of the kind's ratios.
    pub inputs: Vec<Vec<f64>>,
    /// Of the PD.
    pub pd: Vec<f64>,
}

/// The filter of a list of snapshots, applied in addition to its scope.
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotFilter {
    /// The name of the model.
    pub model: String,
    /// Only snapshots of this version.
    pub version: Option<String>,
    /// Only snapshots of this reporting period.
    pub period: Option<Period>,
    /// Only snapshots with this verdict.
    pub verdict: Option<Stability>,
}

/// Counts predictions, and reads snapshots. Both are tenant rows.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait MonitoringRepository: Send + Sync {
    /// Counts the predictions of a model by period, oldest first: of all periods or of one; the
    /// inputs and the PD, or with `edges.inputs` empty the PD alone.
    async fn counts<'a>(
        &self,
        scope: &Scope,
        of: ModelPredictions<'a>,
        period: Option<Period>,
        edges: &BinEdges,
    ) -> Result<Vec<PeriodCounts>, RepositoryError>;
    /// Returns the deciles of a period; `None` if it has no predictions of the model that are
    /// in scope.
    async fn cuts<'a>(
        &self,
        scope: &Scope,
        of: ModelPredictions<'a>,
        period: Period,
    ) -> Result<Option<PeriodCuts>, RepositoryError>;
    /// Returns the companies whose log-odds differ most between two periods, the largest
    /// difference first.
    async fn movers<'a>(
        &self,
        scope: &Scope,
        of: ModelPredictions<'a>,
        from: Period,
        to: Period,
        limit: u32,
    ) -> Result<Vec<Mover>, RepositoryError>;
    /// Returns a page of snapshots, the newest first.
    async fn snapshots(
        &self,
        scope: &Scope,
        filter: &SnapshotFilter,
        limit: Limit,
        after: Option<Cursor>,
    ) -> Result<Page<MonitoringSnapshot>, RepositoryError>;
}
